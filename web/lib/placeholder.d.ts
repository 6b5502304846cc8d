/** A placeholder that has been read: a picture of any size. */
export interface Placeholder {
  /** Width divided by height, to within 1 % of the picture that was encoded. */
  readonly aspect: number;
  /** Whether there is transparency. */
  readonly alpha: boolean;
  /** The mean of the picture: red, green, blue and alpha (straight), from 0 to 255. */
  readonly average: [number, number, number, number];
  /** The size of which the longer side has `side` pixels. */
  sizeWithin(side: number): { width: number; height: number };
  /**
   * The picture of a size: red, green, blue and alpha (straight) of each pixel, row by row, as `ImageData` takes them.
   * Every pixel is the mean of the picture over its area.
   */
  pixels(width: number, height: number): Uint8ClampedArray;
  /** The address of an image of it, a bitmap of which the longer side has `side` pixels (32). It can be part of a page. */
  dataURL(side?: number): string;
}

/**
 * Reads a placeholder that `sirenc encode --placeholder` has written, given as bytes or as text in base64.
 *
 * @throws RangeError if it is not a placeholder, or not all of one; what `atob` throws if the text is not base64.
 */
export function decodePlaceholder(placeholder: Uint8Array | string): Placeholder;
