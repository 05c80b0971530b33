// What stays on the page when a part of it is brought up to date. The tree is a small one of our own: node has no DOM.
import assert from "node:assert/strict";
import test from "node:test";

import { isSame, refresh } from "../../src/vasistas/static/vasistas/js/lib/fresh.js";

class Text {
  nodeName = "#text";
  nodeType = 3;
  /** @param {string} words */
  constructor(words) {
    this.nodeValue = words;
  }
}

class Tag {
  nodeType = 1;
  /** @param {string} name @param {Record<string, string>} attributes @param {...any} childNodes */
  constructor(name, attributes = {}, ...childNodes) {
    Object.assign(this, { nodeName: name.toUpperCase(), attributes: new Map(Object.entries(attributes)), childNodes });
  }
  getAttribute = (key) => this.attributes.get(key) ?? null;
  hasAttribute = (key) => this.attributes.has(key);
  getAttributeNames = () => [...this.attributes.keys()];
  setAttribute = (key, value) => this.attributes.set(key, value);
  removeAttribute = (key) => this.attributes.delete(key);
  removeChild = (one) => this.childNodes.splice(this.childNodes.indexOf(one), 1);
  insertBefore = (one, next) => this.childNodes.splice(next ? this.childNodes.indexOf(next) : this.childNodes.length, 0, one);
}

const tag = (...all) => new Tag(...all);
const text = (words) => new Text(words);

test("a figure changes, and its element stays", () => {
  const figure = tag("dd", {}, text("0:05"));
  const shown = tag("dl", {}, text(" "), figure);
  refresh(shown, tag("dl", {}, text(" "), tag("dd", {}, text("0:06"))));
  assert.equal(shown.childNodes[1], figure);
  assert.equal(figure.childNodes[0].nodeValue, "0:06");
});

test("a warning that comes, and goes, leaves the button where it is", () => {
  const form = tag("form", { action: "/shows/1/act" }, tag("button", { name: "act", value: "end" }));
  const shown = tag("div", {}, text(" "), form, text(" "));
  refresh(shown, tag("div", {}, text(" "), tag("p", { class: "notice" }), text(" "), tag("form", { action: "/shows/1/act" }, tag("button", { name: "act", value: "end" })), text(" ")));
  assert.deepEqual(shown.childNodes.map((one) => one.nodeName), ["#text", "P", "#text", "FORM", "#text"]);
  assert.equal(shown.childNodes[3], form);
  refresh(shown, tag("div", {}, text(" "), tag("form", { action: "/shows/1/act" }, tag("button", { name: "act", value: "end" })), text(" ")));
  assert.equal(shown.childNodes[1], form);
});

test("an open list stays open; what the server took back goes", () => {
  const list = tag("details", { open: "", hidden: "" });
  refresh(tag("div", {}, list), tag("div", {}, tag("details")));
  assert.deepEqual(list.getAttributeNames(), ["open"]);
});

test("no button becomes one for another show or another act", () => {
  const one = tag("form", { action: "/shows/1/act" });
  assert.ok(!isSame(one, tag("form", { action: "/shows/2/act" })));
  assert.ok(!isSame(tag("button", { name: "act", value: "accept" }), tag("button", { name: "act", value: "end" })));
  const shown = tag("div", {}, one, tag("form", { action: "/shows/2/act" }));
  const second = shown.childNodes[1];
  refresh(shown, tag("div", {}, tag("form", { action: "/shows/2/act" })));
  assert.deepEqual(shown.childNodes, [second]); // the first request is gone, the second is the same form as before
});

test("hidden values, as the token against forgery, come anew with each answer", () => {
  const token = tag("input", { type: "hidden", name: "token", value: "1" });
  refresh(tag("form", {}, token), tag("form", {}, tag("input", { type: "hidden", name: "token", value: "2" })));
  assert.equal(token.getAttribute("value"), "2");
});
