/** The picture that goes out while the host is away: drawn here, so that the camera can really be off. */

const [WIDTH, HEIGHT, FPS] = [1280, 720, 5];

/**
 * @param {string} title
 * @param {string} room
 * @returns {{track: MediaStreamTrack, stop: () => void}}
 */
export function drawSlate(title, room) {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [WIDTH, HEIGHT];
  const paint = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  const family = getComputedStyle(document.body).fontFamily;
  const startedAt = performance.now();
  const draw = () => {
    const ground = paint.createLinearGradient(0, 0, WIDTH, HEIGHT);
    ground.addColorStop(0, "#113d33");
    ground.addColorStop(1, "#0b1513");
    paint.fillStyle = ground;
    paint.fillRect(0, 0, WIDTH, HEIGHT);
    paint.textAlign = "center";
    paint.fillStyle = "#ffc266";
    paint.font = `700 72px ${family}`;
    paint.fillText(title, WIDTH / 2, HEIGHT / 2);
    paint.fillStyle = "#d8e5df";
    paint.font = `500 34px ${family}`;
    paint.fillText(room, WIDTH / 2, HEIGHT / 2 + 64, WIDTH - 160);
    const beat = (1 + Math.sin((performance.now() - startedAt) / 600)) / 2; // shows that the line is alive
    paint.globalAlpha = 0.35 + 0.65 * beat;
    paint.fillStyle = "#ffc266";
    paint.beginPath();
    paint.arc(WIDTH / 2, HEIGHT / 2 - 116, 10, 0, 2 * Math.PI);
    paint.fill();
    paint.globalAlpha = 1;
  };
  draw();
  const timer = setInterval(draw, 1000 / FPS);
  const [track] = canvas.captureStream(FPS).getVideoTracks();
  const stop = () => {
    clearInterval(timer);
    track.stop();
  };
  return { track, stop };
}
