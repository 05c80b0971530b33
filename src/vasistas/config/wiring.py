"""Every reaction to every event of the product, on one page."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from vasistas.apps.accounts import events as accounts
from vasistas.apps.accounts import handlers as accounts_handlers
from vasistas.apps.accounts import operations as accounts_operations
from vasistas.apps.bulletins import handlers as bulletins_handlers
from vasistas.apps.chat import events as chat
from vasistas.apps.chat import handlers as chat_handlers
from vasistas.apps.payouts import events as payouts
from vasistas.apps.payouts import handlers as payouts_handlers
from vasistas.apps.payouts import operations as payouts_operations
from vasistas.apps.privacy import events as privacy
from vasistas.apps.providers import events as providers
from vasistas.apps.purchases import events as purchases
from vasistas.apps.purchases import handlers as purchases_handlers
from vasistas.apps.purchases import operations as purchases_operations
from vasistas.apps.rooms import events as rooms
from vasistas.apps.rooms import handlers as rooms_handlers
from vasistas.apps.rooms import operations as rooms_operations
from vasistas.apps.safety import events as safety
from vasistas.apps.safety import handlers as safety_handlers
from vasistas.apps.safety import operations as safety_operations
from vasistas.apps.shows import events as shows
from vasistas.apps.shows import handlers as shows_handlers
from vasistas.apps.shows import operations as shows_operations
from vasistas.apps.tips import events as tips
from vasistas.apps.tips import handlers as tips_handlers
from vasistas.apps.wallet import events as wallet
from vasistas.apps.wallet import handlers as wallet_handlers
from vasistas.apps.wallet import operations as wallet_operations
from vasistas.guard import erasure
from vasistas.lib import events

type Reactions = Mapping[type, Sequence[Callable[[Any], None]]]

IN_TRANSACTION: Reactions = {
    rooms.Delivered: [shows_handlers.note_delivered],
    privacy.ConsentChosen: [bulletins_handlers.note_choice],
    accounts.AddressProven: [bulletins_handlers.follow_address],
}
AFTER_COMMIT: Reactions = {
    chat.MessageSaid: [chat_handlers.push_message],
    chat.MessageDeleted: [chat_handlers.push_deletion],
    chat.AuthorCleared: [chat_handlers.push_cleared_author],
    chat.SlowModeChanged: [chat_handlers.push_slow_mode],
    chat.MemberMuted: [chat_handlers.push_mute],
    rooms.StateChanged: [rooms_handlers.push_state, bulletins_handlers.tell_followers],
    rooms.DetailsChanged: [rooms_handlers.push_details],
    rooms.ViewersCounted: [rooms_handlers.push_viewers],
    rooms.ThumbnailChanged: [rooms_handlers.push_thumbnail],
    rooms.MemberBanned: [rooms_handlers.push_ban, shows_handlers.end_of_banned],
    rooms.HealthMeasured: [rooms_handlers.push_health],
    purchases.StaffNeeded: [purchases_handlers.call_staff],
    tips.Tipped: [tips_handlers.push_tip],
    tips.TipSilenced: [tips_handlers.push_silence],
    tips.GoalMoved: [tips_handlers.push_goal],
    shows.ShowRequested: [shows_handlers.push_request],
    shows.ShowStarted: [shows_handlers.push_start],
    shows.ShowTicked: [shows_handlers.push_tick],
    shows.ShowWarned: [shows_handlers.push_warning],
    shows.PresenceChanged: [shows_handlers.push_presence],
    shows.ShowEnded: [shows_handlers.push_end],
    shows.LineSaid: [shows_handlers.push_line],
    wallet.BalanceChanged: [wallet_handlers.push_balance],
    privacy.RequestMoved: [accounts_handlers.write_of_request],
    privacy.RequestDue: [accounts_handlers.warn_operator],
    payouts.DetailsChanged: [payouts_handlers.tell_of_details],
    payouts.PayoutReturned: [payouts_handlers.tell_of_return],
    payouts.ShareAnnounced: [payouts_handlers.tell_of_share],
    safety.Decided: [safety_handlers.tell_of_decision],
    safety.AppealClosed: [safety_handlers.tell_of_appeal],
    providers.StudioJoined: [payouts_handlers.tell_of_coming_share],
}

# When somebody is erased (guard/erasure.py): each may run many times, and rows wait until it did not fail.
STOP_OF_THE_ERASED: Mapping[str, erasure.Stop] = {
    "shows": shows_operations.end_all_of,  # first: what is held goes back before the wallet is closed
    "rooms": rooms_operations.leave_everything,
    "accounts": accounts_operations.end_sessions_of_erased,
    "payouts": payouts_operations.close_of_erased,  # before the accounts of the ledger are closed
    "purchases": purchases_operations.end_of_erased,
    "wallet": wallet_operations.close_of_erased,  # after purchases, which may still bring something
}

# What a law keeps of them, told in the certificate.
KEPT_OF_THE_ERASED: Mapping[str, erasure.Keep] = {"payouts": payouts_operations.kept_of_erased}

# What goes into the evidence of a disputed purchase beside the ledger: folder -> what writes its documents.
EVIDENCE: Mapping[str, purchases_operations.Source] = {"sessions": shows_operations.evidence_of}


# What is asked before a broadcast begins, in this order; each tells the host why not.
BEFORE_GOING_LIVE: Sequence[rooms_operations.Condition] = (
    safety_operations.check_not_cut,
    safety_operations.check_duty,
)


def connect() -> None:
    events.wire(in_transaction=IN_TRANSACTION, after_commit=AFTER_COMMIT)
    erasure.wire(stop=STOP_OF_THE_ERASED, keep=KEPT_OF_THE_ERASED)
    purchases_operations.wire_evidence(EVIDENCE)
    rooms_operations.wire_conditions(BEFORE_GOING_LIVE)
