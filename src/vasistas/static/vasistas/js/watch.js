// The watch page: the picture, the chat beside it, the figures around them.
import "./elements/rooms-player.js";
import "./elements/rooms-facts.js";
import "./elements/chat-panel.js";
import "./elements/tips-panel.js";
import "./elements/show-closed.js";
