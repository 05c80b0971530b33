// The host's desk: works without this; here it only stays fresh.
import "./elements/studio-state.js";
