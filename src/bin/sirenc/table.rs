//! Figures for people: columns of text.

/// `lines` with their cells in aligned columns: the first `words` of them to the left, the others, which
/// are numbers, to the right.
pub(crate) fn columns<L: AsRef<[String]>>(lines: &[L], words: usize) -> Vec<String> {
    let mut widths: Vec<usize> = Vec::new();
    for line in lines {
        for (column, cell) in line.as_ref().iter().enumerate() {
            let width = cell.chars().count();
            match widths.get_mut(column) {
                Some(widest) => *widest = width.max(*widest),
                None => widths.push(width),
            }
        }
    }
    let aligned = |line: &L| {
        let cells = line.as_ref().iter().zip(&widths).enumerate();
        let cells = cells.map(|(column, (cell, &width))| {
            if column < words {
                format!("{cell:<width$}")
            } else {
                format!("{cell:>width$}")
            }
        });
        cells.collect::<Vec<_>>().join("  ")
    };
    lines.iter().map(aligned).collect()
}

#[cfg(test)]
mod tests {
    use super::columns;

    #[test]
    fn words_are_left_and_numbers_right() {
        let line = |cells: [&str; 2]| cells.map(str::to_owned);
        let lines = [
            line(["name", "n"]),
            line(["b", "12.5"]),
            line(["\u{e4}\u{f6}\u{fc}xy", "3"]),
        ];
        assert_eq!(
            columns(&lines, 1),
            ["name      n", "b      12.5", "\u{e4}\u{f6}\u{fc}xy     3"]
        );
    }
}
