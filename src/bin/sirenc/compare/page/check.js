(async () => {
  const { data } = module_page;
  const { Evaluator, TILE } = module_evaluator;
  const { bytesOf } = module_embedded;
  const result = document.body.appendChild(document.createElement("pre"));
  result.id = "check";
  const lines = [];
  for (const [p, { points, width, height }] of data.pictures.entries()) {
    for (const [r, [entry]] of points.entries()) {
      const element = new Image();
      element.src = `data:image/png;base64,${document.getElementById(`image-${entry.image}`).textContent}`;
      await element.decode();
      const target = document.createElement("canvas").getContext("2d");
      Object.assign(target.canvas, { width, height });
      target.drawImage(element, 0, 0);
      const tiles = await new Promise((resolve) => {
        const evaluator = new Evaluator(bytesOf(entry.file), () => {
          const tiles = evaluator.view(1, [0, 0, width, height]);
          if (tiles.every((tile) => tile.canvas)) resolve(tiles);
        });
        evaluator.view(1, [0, 0, width, height]);
      });
      let [most, sum, count] = [0, 0, 0];
      for (const { canvas: tile, x, y } of tiles) {
        const [w, h] = [Math.min(TILE, width - x), Math.min(TILE, height - y)];
        const a = tile.getContext("2d").getImageData(0, 0, w, h).data;
        const b = target.getImageData(x, y, w, h).data;
        a.forEach((value, i) => {
          const off = Math.abs(value - b[i]);
          most = Math.max(most, off);
          sum += off * off;
          count++;
        });
      }
      const rms = Math.sqrt(sum / count).toFixed(4);
      lines.push(`${most > 1 ? "FAILED" : "ok"}: picture ${p} rate ${r}: most ${most}, rms ${rms}, ${count / 4} pixels`);
    }
  }
  result.textContent = lines.join("\n");
})();
