// Shows a sound as its wave, and plays it.

const CHUNK = 1024; // frames of which the extremes are found at a time, at most

export class SoundView {
  #siren;
  #canvas;
  #tell;
  #work = new AbortController();
  #channels = null;
  #audio = null; // the context, once there is something to hear
  #source = null;
  #start = { at: 0, from: 0, speed: 1 };
  time = 0;

  constructor(siren, canvas, tell) {
    [this.#siren, this.#canvas, this.#tell] = [siren, canvas, tell];
    this.#load();
  }

  async #load() {
    try {
      this.#tell({ busy: true });
      this.#channels = await this.#siren.samples({ signal: this.#work.signal });
      this.#tell({ busy: false });
      this.resize();
    } catch (error) {
      if (!this.#work.signal.aborted) this.#tell({ error, busy: false });
    }
  }

  stop() {
    this.#work.abort();
    this.pause();
    this.#audio?.close();
  }

  get playing() {
    return Boolean(this.#source);
  }

  // Plays from the present time on, at `speed`, until `ended` is called.
  play(speed, ended) {
    if (!this.#channels) return false;
    this.pause();
    this.#audio ??= new AudioContext();
    const { rate } = this.#siren;
    const buffer = this.#audio.createBuffer(this.#channels.length, this.#channels[0].length, rate);
    this.#channels.forEach((samples, c) => buffer.copyToChannel(samples, c));
    const source = this.#audio.createBufferSource();
    source.buffer = buffer;
    source.playbackRate.value = speed;
    source.connect(this.#audio.destination);
    source.onended = () => {
      if (this.#source !== source) return;
      this.#source = null;
      this.time = 0;
      ended();
    };
    this.#start = { at: this.#audio.currentTime, from: this.time, speed };
    source.start(0, this.time);
    this.#source = source;
    return true;
  }

  pause() {
    if (!this.#source) return;
    this.time = this.now;
    const source = this.#source;
    this.#source = null;
    source.stop();
  }

  // The time that is heard.
  get now() {
    if (!this.#source) return this.time;
    const { at, from, speed } = this.#start;
    return Math.min(from + (this.#audio.currentTime - at) * speed, this.#siren.seconds);
  }

  resize() {
    const { width, height } = this.#canvas;
    const context = this.#canvas.getContext("2d");
    context.clearRect(0, 0, width, height);
    if (!this.#channels) return;
    const style = getComputedStyle(this.#canvas);
    const each = height / this.#channels.length;
    this.#channels.forEach((samples, c) => {
      context.fillStyle = style.getPropertyValue("--accent");
      const middle = (c + 0.5) * each;
      for (let x = 0; x < width; x++) {
        const [from, to] = [x, x + 1].map((column) => Math.floor((column * samples.length) / width));
        const [least, most] = extremes(samples, from, Math.max(to, from + 1));
        context.fillRect(x, middle - most * 0.48 * each, 1, Math.max(1, (most - least) * 0.48 * each));
      }
    });
    context.fillStyle = style.getPropertyValue("--text");
    context.fillRect(Math.round((this.now / this.#siren.seconds) * width), 0, Math.max(1, devicePixelRatio), height);
  }
}

function extremes(samples, from, to) {
  let [least, most] = [Infinity, -Infinity];
  const step = Math.max(1, Math.floor((to - from) / CHUNK));
  for (let i = from; i < Math.min(to, samples.length); i += step) {
    least = Math.min(least, samples[i]);
    most = Math.max(most, samples[i]);
  }
  return [least, most];
}
