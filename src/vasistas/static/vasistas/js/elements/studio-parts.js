/** The parts of the green room by name and type: what the template promises, in one place. */

export class Parts {
  /** @param {HTMLElement} root */
  constructor(root) {
    const element = (/** @type {string} */ tag) => /** @type {any} */ (root.querySelector(tag));
    this.root = root;
    /** @type {import("./studio-devices.js").StudioDevices} */ this.devices = element("studio-devices");
    /** @type {import("./studio-level-meter.js").StudioLevelMeter} */ this.meter = element("studio-level-meter");
    /** @type {import("./studio-uplink.js").StudioUplink} */ this.uplink = element("studio-uplink");
    /** @type {import("./studio-health.js").StudioHealth} */ this.health = element("studio-health");
    /** @type {import("./studio-countdown.js").StudioCountdown} */ this.countdown = element("studio-countdown");
    /** @type {import("./studio-thumbnail.js").StudioThumbnail} */ this.thumbnail = element("studio-thumbnail");
    /** @type {import("./studio-checklist.js").StudioChecklist} */ this.checklist = element("studio-checklist");
    /** @type {import("./studio-faults.js").StudioFaults} */ this.faults = element("studio-faults");
    /** @type {HTMLVideoElement} */ this.preview = this.one("preview");
    /** @type {HTMLInputElement} */ this.title = this.one("title");
    /** @type {HTMLButtonElement} */ this.go = this.one("go");
    /** @type {HTMLDetailsElement} */ this.setup = this.one("setup-devices");
    /** @type {HTMLDialogElement} */ this.endDialog = this.one("end-dialog");
    /** @type {HTMLDialogElement} */ this.takeOverDialog = this.one("take-over-dialog");
  }

  /** @param {string} name @returns {any} the element with this data-part */
  one(name) {
    return this.root.querySelector(`[data-part="${name}"]`);
  }

  /** @param {string} name @param {string} words */
  write(name, words) {
    this.one(name).textContent = words;
  }

  /** Show what belongs to a phase: `data-when` lists the phases in which a part is there. @param {string} phase */
  showFor(phase) {
    for (const part of this.root.querySelectorAll("[data-when]")) {
      const { when = "" } = /** @type {HTMLElement} */ (part).dataset;
      /** @type {HTMLElement} */ (part).hidden = !when.split(" ").includes(phase);
    }
  }

  /** @param {string} name @param {boolean} isPressed @param {string} words of the button's label */
  toggle(name, isPressed, words) {
    const button = this.one(name);
    button.setAttribute("aria-pressed", String(isPressed));
    button.querySelector("[data-part=label]").textContent = words;
  }

  /** Show the host their own picture as a mirror does, or as viewers see it. */
  mirror() {
    const isMirrored = this.preview.classList.toggle("stage__video--mirrored");
    this.one("mirror").setAttribute("aria-pressed", String(isMirrored));
  }

  /** @returns {import("../lib/studio-checklist.js").Readiness} */
  readiness() {
    const { video, audio, choice } = this.devices;
    return {
      hasCamera: video !== null,
      hasMicrophone: audio !== null,
      soundHint: this.meter.hint,
      title: this.title.value,
      picture: this.thumbnail.verdict,
      uplink: this.uplink.outcome,
      preset: choice.preset,
    };
  }

  closeDialogs() {
    for (const dialog of this.root.querySelectorAll("dialog")) dialog.close();
  }
}
