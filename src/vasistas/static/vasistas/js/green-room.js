// The green room and the page on air. Parts first: the room asks them as soon as it is there.
import "./elements/chat-panel.js";
import "./elements/studio-checklist.js";
import "./elements/studio-countdown.js";
import "./elements/studio-devices.js";
import "./elements/studio-faults.js";
import "./elements/studio-health.js";
import "./elements/studio-level-meter.js";
import "./elements/studio-thumbnail.js";
import "./elements/studio-uplink.js";
import "./elements/tips-panel.js";
import "./elements/show-cam.js";
import "./elements/show-talk.js";
import "./elements/show-desk.js";
import "./elements/studio-green-room.js";
