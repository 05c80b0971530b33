// Pages of private, group and ticket shows.
import "./elements/rooms-player.js";
import "./elements/show-cam.js";
import "./elements/show-talk.js";
import "./elements/show-desk.js";
import "./elements/show-closed.js";
import "./elements/show-room.js";
