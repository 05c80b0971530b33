// The host's desk and the page of tips: work without this; here they only stay fresh.
import "./elements/studio-state.js";
import "./elements/tips-panel.js";
