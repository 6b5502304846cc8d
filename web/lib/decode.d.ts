/** Limits on what a file may cost, each a number; those that are not given are the defaults of a service for strangers' files. */
export interface Limits {
  /** Pixels of the longer side that is stored. */
  side?: number;
  /** Pixels that are rendered, of all frames. */
  pixels?: number;
  frames?: number;
  /** Networks, of which a sound has one for each segment. */
  networks?: number;
  /** Neurons in a layer. */
  layerWidth?: number;
  /** Weights and biases. */
  parameters?: number;
  /** Operations that it takes to evaluate the signal (SPEC 7.3): 6e10 are about a second of a core outside of browsers. */
  operations?: number;
  /** Bytes of metadata. */
  metadata?: number;
  /** Bytes of memory in all. */
  memory?: number;
  /** Bytes that come out. */
  output?: number;
}

/** Limits for files that a person has chosen and can give up: those of the command. */
export const INTERACTIVE: Limits;

/** Why a file or a request was refused. */
export class SirenError extends Error {
  /** Whose fault it is: the bytes', a limit's, the caller's, or the decoder's. */
  readonly fault: "file" | "limit" | "request" | "decoder";
}

export interface Settings {
  /** The WebAssembly module or its address; by default decode.wasm beside this module. */
  wasm?: WebAssembly.Module | BufferSource | URL | string;
  /** The address of worker.js, which is then started as a plain script; by default it lies beside this module. */
  worker?: URL | string;
  /** The most workers; by default as many as there are cores, and 4 at most. */
  workers?: number;
}

/** Changes settings, before the first file is opened. */
export function configure(settings: Settings): void;

/**
 * Opens the bytes of a .siren file.
 * Rejects with a SirenError if they are no such file, or ask for more than the limits allow.
 */
export function open(
  bytes: Uint8Array | ArrayBuffer,
  options?: { limits?: Limits; signal?: AbortSignal },
): Promise<Siren>;

export interface Region {
  x: number;
  y: number;
  width: number;
  height: number;
}

export interface RenderOptions {
  /** Width of the whole picture in pixels; by default the stored one, or what keeps the ratio of the sides. */
  width?: number;
  height?: number;
  /** The part to render, in pixels of the whole at that size; by default all of it. */
  region?: Partial<Region>;
  /** A derivative in place of the picture, with the gain that fits the picture. */
  derivative?: "gradient" | "gradient-color" | "laplacian";
  /** The moment of a video, in seconds after its first frame. */
  time?: number;
  /** Takes each pixel's value at its centre, also where pixels are larger than the stored ones: quicker, and less smooth. */
  points?: boolean;
  /** Gives up the rendering. */
  signal?: AbortSignal;
  /** Is called with the image and the rows of it that have been rendered since. */
  onrows?: (image: ImageData, first: number, count: number) => void;
}

export interface Mesh {
  /** What is to be added to every position: zero, unless the shape lies far from there. */
  origin: Float32Array;
  /** x, y and z of each vertex. */
  positions: Float32Array;
  /** The outward normal at each vertex, of length 1. */
  normals: Float32Array;
  /** Three vertices of each triangle, counter-clockwise as seen from outside. */
  indices: Uint32Array;
}

/** An open file. */
export interface Siren {
  readonly kind: "picture" | "video" | "sound" | "shape";
  /** Of pictures and videos, in pixels. */
  readonly width?: number;
  readonly height?: number;
  /** Stored frames of videos and sounds, how many of them a second has, and how long all of them last. */
  readonly frames?: number;
  readonly rate?: number;
  readonly seconds?: number;
  /** The cube in which a shape lies: its middle, and half its side. */
  readonly centre?: [number, number, number];
  readonly scale?: number;
  /** 1 gray or mono, 2 gray with alpha or stereo, 3 RGB, 4 RGBA. */
  readonly channels: number;
  /** Bits a sample. */
  readonly depth: number;
  /** Bytes of the file, and of each part of it. */
  readonly bytes: number;
  readonly parts: { part: string; bytes: number }[];
  /** How many networks there are, the widths of their hidden layers, and how many grids feed them. */
  readonly networks: number;
  readonly hidden: number[];
  readonly grids: number;
  readonly parameters: number;
  readonly latents: number;
  /** How the weights are coded. */
  readonly coding: string;
  readonly multiplicationsPerPoint: number;
  /** As limits count them (SPEC 7.3). */
  readonly operationsPerPoint: number;

  /** Renders a picture or a frame. Without ImageData, as in Node, the image is a plain object of the same members. */
  render(options?: RenderOptions): Promise<ImageData>;
  /** Evaluates a sound, or the part of it from `from` to `to` seconds: the samples of each channel, of which 1 is full scale. */
  samples(options?: { rate?: number; from?: number; to?: number; signal?: AbortSignal }): Promise<Float32Array[]>;
  /** The same as an AudioBuffer. */
  audio(
    context: BaseAudioContext,
    options?: { rate?: number; from?: number; to?: number; signal?: AbortSignal },
  ): Promise<AudioBuffer>;
  /** The surface of a shape as triangles, on `resolution` cells along each side of its cube (128 by default). */
  mesh(options?: { resolution?: number; signal?: AbortSignal }): Promise<Mesh>;
  /**
   * The numbers that a picture or a video is evaluated from, for whoever evaluates it otherwise. Of each layer its weights row by
   * row, then its biases, those of hidden layers times omega / 2 pi; then of each grid its scale, columns and rows, then its
   * coefficients row by row.
   */
  numbers(options?: { signal?: AbortSignal }): Promise<Float32Array>;
  /** Forgets the file. */
  close(): void;
}
