/** The element <siren-image>, which importing this module defines. It fires `load` and `error`. */
export class SirenImage extends HTMLElement {
  /** The address of a .siren file of a picture, or of a video of which the first frame is shown. */
  src: string;
  /** What is read in place of the picture; "" where it only decorates. */
  alt: string;
  /**
   * The address of an image that is shown until the picture is there. After "data:image/x-siren-placeholder;base64," it is a
   * placeholder (see placeholder.d.ts).
   */
  placeholder: string;
  /** Whether the picture is shown. */
  readonly complete: boolean;
  /** Width and height of the stored picture, 0 until the file is there. */
  readonly naturalWidth: number;
  readonly naturalHeight: number;
}

declare global {
  interface HTMLElementTagNameMap {
    "siren-image": SirenImage;
  }
}
