// Shows a shape as a lit mesh that turns, by WebGL 2.

const VERTEX = `#version 300 es
uniform mat4 view;
uniform mat3 turned;
in vec3 position, normal;
out vec3 facing;
void main() {
  facing = turned * normal;
  gl_Position = view * vec4(position, 1);
}`;

// The lights of the command's pictures of shapes, as the camera sees them.
const FRAGMENT = `#version 300 es
precision highp float;
in vec3 facing;
out vec4 colour;
void main() {
  vec3 n = normalize(facing);
  float light = 0.12 + 0.75 * max(dot(n, normalize(vec3(-0.5, 0.7, 0.5))), 0.0)
    + 0.25 * max(dot(n, normalize(vec3(0.8, 0.1, 0.6))), 0.0) + 0.25 * max(dot(n, normalize(vec3(0.1, 0.6, -0.8))), 0.0);
  colour = vec4(pow(vec3(0.87, 0.83, 0.76) * light, vec3(0.85)), 1);
}`;
const COARSE = 40; // cells along each side
const AWAY = 5.6; // from the eye to the middle of the cube, in halves of its side
const SPEED = 0.4; // radians a second

export class ShapeView {
  #siren;
  #canvas;
  #tell;
  #gl;
  #program;
  #work = new AbortController();
  #count = 0;
  #look = { around: 0.6, above: 0.35, zoom: 1, turning: true };
  #last = 0;

  constructor(siren, canvas, tell) {
    [this.#siren, this.#canvas, this.#tell] = [siren, canvas, tell];
    this.#gl = canvas.getContext("webgl2", { antialias: true });
    if (!this.#gl) {
      tell({ error: new Error("this browser shows no shapes, for want of WebGL 2") });
      return;
    }
    this.#program = link(this.#gl);
    requestAnimationFrame((time) => this.#turn(time));
  }

  stop() {
    this.#work.abort();
    this.#gl?.getExtension("WEBGL_lose_context")?.loseContext();
  }

  show(changes) {
    Object.assign(this.#look, changes);
  }

  // Turns by pixels of the canvas.
  move(dx, dy) {
    const step = Math.PI / Math.min(this.#canvas.width, this.#canvas.height);
    this.#look.around += dx * step;
    this.#look.above = Math.min(Math.max(this.#look.above - dy * step, -Math.PI / 2), Math.PI / 2);
  }

  get zoom() {
    return this.#look.zoom;
  }

  zoomTo(zoom) {
    this.#look.zoom = Math.min(Math.max(zoom, 0.5), 20);
  }

  fit() {
    this.#look.zoom = 1;
  }

  resize() {}

  // Makes a mesh, and a coarse one before it that is there sooner.
  async mesh(resolution) {
    if (!this.#gl) return;
    try {
      this.#tell({ busy: true });
      const { signal } = this.#work;
      if (!this.#count) this.#upload(await this.#siren.mesh({ resolution: COARSE, signal }));
      const mesh = await this.#siren.mesh({ resolution, signal });
      this.#upload(mesh);
      const [vertices, triangles] = [mesh.positions.length / 3, mesh.indices.length / 3];
      this.#tell({ busy: false, status: `${vertices.toLocaleString("en")} vertices, ${triangles.toLocaleString("en")} triangles` });
    } catch (error) {
      if (!this.#work.signal.aborted) this.#tell({ error, busy: false });
    }
  }

  #upload({ origin, positions, normals, indices }) {
    const gl = this.#gl;
    const { centre, scale } = this.#siren;
    // To the cube from -1 to 1.
    const placed = positions.map((value, i) => (origin[i % 3] - centre[i % 3] + value) / scale);
    for (const [name, values] of [["position", placed], ["normal", normals]]) {
      const place = gl.getAttribLocation(this.#program, name);
      gl.bindBuffer(gl.ARRAY_BUFFER, gl.createBuffer());
      gl.bufferData(gl.ARRAY_BUFFER, values, gl.STATIC_DRAW);
      gl.enableVertexAttribArray(place);
      gl.vertexAttribPointer(place, 3, gl.FLOAT, false, 0, 0);
    }
    gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, gl.createBuffer());
    gl.bufferData(gl.ELEMENT_ARRAY_BUFFER, indices, gl.STATIC_DRAW);
    this.#count = indices.length;
  }

  #turn(time) {
    if (this.#work.signal.aborted) return;
    if (this.#look.turning) this.#look.around += (SPEED * Math.min(time - this.#last, 100)) / 1000;
    this.#last = time;
    this.#draw();
    requestAnimationFrame((next) => this.#turn(next));
  }

  #draw() {
    const gl = this.#gl;
    const { width, height } = this.#canvas;
    const { around, above, zoom } = this.#look;
    gl.viewport(0, 0, width, height);
    gl.clearColor(0, 0, 0, 0);
    gl.enable(gl.DEPTH_TEST);
    gl.clear(gl.COLOR_BUFFER_BIT | gl.DEPTH_BUFFER_BIT);
    if (!this.#count) return;
    // Rows of the rotation: to the right, up, and towards the eye.
    const [sine, cosine, up, flat] = [Math.sin(around), Math.cos(around), Math.sin(above), Math.cos(above)];
    const right = [cosine, 0, -sine];
    const back = [sine * flat, up, cosine * flat];
    const upward = [back[1] * right[2] - back[2] * right[1], back[2] * right[0] - back[0] * right[2], back[0] * right[1] - back[1] * right[0]];
    const rows = [right, upward, back];
    const focus = (zoom * AWAY) / 1.5;
    const [near, far] = [AWAY - 2, AWAY + 2];
    const wide = (focus * Math.min(width, height)) / width;
    const high = (focus * Math.min(width, height)) / height;
    const depth = [(far + near) / (far - near), (-2 * far * near) / (far - near)];
    // By columns: the eye looks along -back from AWAY.
    const view = [0, 1, 2].flatMap((i) => [wide * right[i], high * upward[i], -depth[0] * back[i], -back[i]]);
    view.push(0, 0, depth[0] * AWAY + depth[1], AWAY);
    gl.useProgram(this.#program);
    gl.uniformMatrix4fv(gl.getUniformLocation(this.#program, "view"), false, view);
    gl.uniformMatrix3fv(gl.getUniformLocation(this.#program, "turned"), false, [0, 1, 2].flatMap((i) => rows.map((row) => row[i])));
    gl.drawElements(gl.TRIANGLES, this.#count, gl.UNSIGNED_INT, 0);
  }
}

function link(gl) {
  const program = gl.createProgram();
  for (const [type, source] of [[gl.VERTEX_SHADER, VERTEX], [gl.FRAGMENT_SHADER, FRAGMENT]]) {
    const part = gl.createShader(type);
    gl.shaderSource(part, source);
    gl.compileShader(part);
    gl.attachShader(program, part);
  }
  gl.linkProgram(program);
  if (!gl.getProgramParameter(program, gl.LINK_STATUS)) throw new Error(gl.getProgramInfoLog(program));
  return program;
}
