"""What one SQL text names: never too little."""

import re

import pytest
from django.db.models import Count, Exists, F, OuterRef, Q, Subquery
from django.db.models.functions import Upper
from hypothesis import given, settings
from hypothesis import strategies as st

from vasistas.apps.accounts.models import Member
from vasistas.apps.chat.models import Message
from vasistas.apps.rooms.models import Follow, Room
from vasistas.guard import declarations, sql

CATALOGUE = {"member": frozenset({"email", "name"}), "room": frozenset({"title"})}
ALL_OF_MEMBER = ["member.email", "member.name"]
EVERYTHING = [*ALL_OF_MEMBER, "room.title"]


def columns(text: str) -> list[str]:
    return sorted(".".join(column) for column in sql.scan(text, CATALOGUE).columns)


def written(text: str) -> list[str]:
    return sorted(".".join(column) for column in sql.scan(text, CATALOGUE).written)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('SELECT "member"."email" FROM "member" WHERE "member"."id" = %s', ["member.email"]),
        ('SELECT "member"."id" FROM "member" WHERE "member"."name" = %s', ["member.name"]),
        ('SELECT T3."email" FROM "room" INNER JOIN "member" T3 ON (T3."id" = "room"."host")', ["member.email"]),
        ('SELECT U0."id" FROM "member" U0 ORDER BY U0."name"', ["member.name"]),
        ("select EMAIL from Member", ["member.email"]),
        ("SELECT [email] FROM [member]", ["member.email"]),
        ("SELECT `email` FROM `member`", ["member.email"]),
        ("SELECT email FROM 'member'", ["member.email"]),
        ("SELECT public.member.email FROM public.member", ["member.email"]),
        ("SELECT email FROM other JOIN member USING (id)", ["member.email"]),
        ("SELECT 1 FROM room JOIN member USING (email)", ["member.email"]),
        ("SELECT 1 FROM room NATURAL JOIN member", EVERYTHING),
        ("WITH c AS (SELECT email FROM member) SELECT * FROM c", ["member.email"]),
        ("WITH d AS (DELETE FROM member RETURNING name) SELECT * FROM d", ["member.name"]),
        ("SELECT id FROM room WHERE id IN (SELECT id FROM member WHERE name = %s)", ["member.name"]),
        ("SELECT EXTRACT(year FROM email) FROM member", ["member.email"]),
        ("SELECT id IS DISTINCT FROM name FROM member", ["member.name"]),
        ("EXPLAIN SELECT email FROM member", ["member.email"]),
        ("SELECT id FROM member; SELECT title FROM room", ["room.title"]),
        ("DECLARE c CURSOR FOR SELECT email FROM member", ["member.email"]),
        ("DO $$ BEGIN PERFORM email FROM member; END $$", ["member.email"]),
        ("CREATE TABLE x AS SELECT email FROM member", ["member.email"]),
        ("CREATE VIEW x AS SELECT email FROM member", ["member.email"]),
        ("CREATE TABLE x AS TABLE member", ALL_OF_MEMBER),
        ("DELETE FROM room USING member m WHERE m.name = %s", ["member.name"]),
        ("SELECT member.'email' FROM member", ["member.email"]),
        ("SELECT 1 FROM room JOIN member USING ('email')", ["member.email"]),
        ("SELECT j.email FROM (other o JOIN member m ON true) AS j", ["member.email"]),
        ("SELECT substring('abc' FOR email::int) FROM member", ["member.email"]),
        ("SELECT 1 AS [a'b], email FROM member", EVERYTHING),
    ],
)
def test_columns_are_found_wherever_they_stand(text, expected):
    assert columns(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "SELECT * FROM member",
        "SELECT member.* FROM member",
        "SELECT m.*, 1 FROM member AS m",
        "SELECT id, * FROM member",
        "SELECT DISTINCT ON (id) * FROM member",
        "SELECT * FROM (SELECT * FROM member) x",
        "SELECT count(m) FROM member m",
        "SELECT row_to_json(member) FROM member",
        "SELECT (m).id FROM member m",
        "SELECT x FROM member AS m (x, y)",
        "TABLE member",
        "SELECT share FROM member share",
        "SELECT set FROM member AS set",
        "SELECT indexed FROM member indexed",
        "SELECT j FROM (other o JOIN member m ON true) AS j",
        "SELECT x.* FROM (other CROSS JOIN member) x",
        "SELECT * FROM other JOIN another ON (1 = 1), member",
        "CREATE TABLE y AS WITH x AS (TABLE member) TABLE x",
        "WITH c AS (TABLE member) SELECT * FROM c",
        "COPY member TO STDOUT",
        "INSERT INTO member VALUES (%s, %s)",
        "DELETE FROM member RETURNING *",
    ],
)
def test_whole_rows_are_all_their_columns(text):
    assert columns(text) == ALL_OF_MEMBER


@pytest.mark.parametrize(
    "text",
    [
        "SELECT COUNT(*) FROM member",
        'SELECT COUNT(*) FROM (SELECT "member"."id" AS "col1" FROM "member") subquery',
        "SELECT * FROM (SELECT id FROM member) x",
        "WITH c AS (SELECT id FROM member) SELECT c.* FROM c",
        "SELECT 2 * id, (id) * 2 FROM member",
        "SELECT 1 FROM member WHERE x = 'email' -- name\n AND y = %s /* email */",
        "SELECT id AS email FROM member",
        "SELECT 'it''s email' FROM member",
        'SELECT id FROM member FOR UPDATE OF "member" SKIP LOCKED',
        "SELECT id FROM member WHERE x = E'\\\\' OR y = x[1] -- done\r\n LIMIT 1",
        "SELECT id FROM member INDEXED BY i WHERE $$plain$$ = x",
        "DELETE FROM member WHERE id IN (%s, %s)",
        "TRUNCATE TABLE member, room",
        "LOCK TABLE member",
        "SELECT other.email FROM other, member",
    ],
)
def test_what_shows_no_column_names_none(text):
    named = sql.scan(text, CATALOGUE)

    assert "member" in named.tables
    assert named.columns == frozenset()


@pytest.mark.parametrize(
    "text",
    [
        "SELECT ' FROM member",
        'SELECT "email FROM member',
        'SELECT U&"\\0065mail" FROM member',
        "SELECT /* a /* b */ email FROM member */ 1",
        "DO $$ BEGIN EXECUTE 'SELECT ' || 'email FROM member'; END $$",
        "SELECT 1 --\r, email FROM member",
        "SELECT $$'$$, email FROM member WHERE x = $$'$$",
        "SELECT $a$--$a$, email FROM member",
        "WITH e AS (SELECT 1) SELECT * FROM e'\\' JOIN member AS m -- '",
        "SELECT E'a'\n'b\\'', email FROM member WHERE x = '1' LIMIT 1",
        "SELECT 1 AS [a'b], email FROM member WHERE 1 = [a'b]",
        "SELECT 1 AS [a--b], email FROM member",
        "SELECT 1 AS [a/*b], email FROM member --[*/]",
        "SELECT %(a')s, email FROM member WHERE 1 = %(a')s",
        "SELECT query_to_xml('SELECT * FROM member', true, false, '')",
        "SELECT \"table_to_xml\"('member', true, false, '')",
        "SELECT most_common_vals FROM pg_stats WHERE tablename = 'member'",
        "SELECT query FROM pg_stat_activity",
        "VACUUM INTO '/somewhere'",
    ],
)
def test_what_cannot_be_read_names_everything(text):
    assert columns(text) == EVERYTHING


@pytest.mark.parametrize(
    "text",
    [
        "SAVEPOINT x",
        "BEGIN",
        'CREATE TABLE "member" ("email" text)',
        'ALTER TABLE "member" ADD COLUMN "name" text',
        'PRAGMA table_info("member")',
        "SELECT 'SELECT email FROM member'",
        "SELECT 1 -- FROM member",
        "",
    ],
)
def test_what_holds_no_rows_names_nothing(text):
    assert sql.scan(text, CATALOGUE) == sql.Named()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('INSERT INTO "member" ("id", "email") VALUES (%s, %s) RETURNING "member"."id"', ["member.email"]),
        ("INSERT INTO member VALUES (%s, %s)", ALL_OF_MEMBER),
        ("INSERT INTO member (email) VALUES (%s, %s), (%s, %s), (%s, %s) RETURNING name", ["member.email"]),
        ("INSERT INTO member DEFAULT VALUES", []),
        ("INSERT INTO member (id) SELECT id FROM room", []),
        ("INSERT INTO member (id) VALUES (1) ON CONFLICT (id) DO UPDATE SET name = EXCLUDED.name", ["member.name"]),
        ('UPDATE "member" SET "name" = %s WHERE "member"."email" = %s', ["member.name"]),
        ("UPDATE OR REPLACE member SET name = %s", ["member.name"]),
        ("UPDATE member m SET (email, name) = (%s, %s)", ALL_OF_MEMBER),
        ("UPDATE member SET 'email' = %s", ["member.email"]),
        ("INSERT INTO member('email') VALUES (%s)", ["member.email"]),
        ("UPDATE room SET x = 1 FROM member WHERE member.name = title", []),
        ("SELECT email FROM member", []),
    ],
)
def test_what_is_written_is_told_apart(text, expected):
    assert written(text) == expected


# -- Against Django's own SQL ------------------------------------------------------------------------------------------

PERSONAL = {table: frozenset(columns) for table, columns in declarations.personal_columns().items()}
PATHS = {
    Member: ["date_joined", "display_name", "follows__room__title", "messages__room__title", "usersession__ip"],
    Message: ["author__date_joined", "said_at", "room__title", "room__host__member__display_name"],
    Room: ["title", "host__member__date_joined", "messages__author__display_name", "follows__member__display_name"],
    Follow: ["member__last_login", "room__title", "room__host__member__date_joined"],
}
SOMEONE = Member.objects.filter(pk=OuterRef("pk"), display_name="x")
STEPS = [
    lambda rows, name: rows.filter(**{name: None}),
    lambda rows, name: rows.exclude(Q(**{f"{name}__isnull": True}) | Q(pk=1)),
    lambda rows, name: rows.order_by(Upper(name)),
    lambda rows, name: rows.annotate(many=Count(name)),
    lambda rows, name: rows.annotate(one=F(name)),
    lambda rows, name: rows.filter(Exists(SOMEONE), **{f"{name}__isnull": False}),
    lambda rows, name: rows.annotate(inner=Subquery(SOMEONE.values("display_name")[:1])).order_by(name),
    lambda rows, _name: rows.distinct(),
]


@st.composite
def texts(draw):
    model = draw(st.sampled_from(list(PATHS)))
    path = st.sampled_from(PATHS[model])
    rows = model.objects.all()
    for _ in range(draw(st.integers(0, 3))):
        rows = draw(st.sampled_from(STEPS))(rows, draw(path))
    columns_of_rows = draw(st.sampled_from([(), ("pk",), (draw(path),)]))
    return rows.values_list(*columns_of_rows).query.get_compiler("default").as_sql()[0]


@given(texts())
@settings(max_examples=300, deadline=None)
def test_no_personal_column_of_djangos_sql_is_missed(text):
    """Django writes "table"."column" or an alias of T or U and a number, in quotes or without."""
    behind = {name: {name} for name in PERSONAL}
    for table, alias in re.findall(r'"(\w+)" "?([TU]\d+)\b', text):
        behind.setdefault(alias, set()).add(table)  # U1 may be one table here, another in the next subquery
    used = [(behind.get(name, set()), column) for name, column in re.findall(r'\b(\w+)"?\."(\w+)"', text)]

    def personal(most):
        pairs = {(table, column) for tables, column in used if len(tables) <= most for table in tables}
        return {(table, column) for table, column in pairs if column in PERSONAL.get(table, ())}

    named = sql.scan(text, PERSONAL)

    assert {table for table in PERSONAL if f'"{table}"' in text} <= named.tables
    assert personal(1) <= named.columns <= personal(len(PERSONAL))
