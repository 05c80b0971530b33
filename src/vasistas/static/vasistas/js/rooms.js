// Pages of cards: their figures and pictures as they change, and the list itself when rooms come and go.
import "./elements/rooms-facts.js";
import "./elements/rooms-directory.js";
