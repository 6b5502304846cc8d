//! Bits and Huffman codes of a scan.

/// Bits of the data of a scan, in which `FF 00` stands for `FF`, up to the next marker.
pub(super) struct Bits<'a> {
    bytes: &'a [u8],
    /// Where the next byte is.
    at: usize,
    /// Bits that have been taken from the bytes, the next one highest among the `count` lowest.
    held: u32,
    count: u32,
}

impl<'a> Bits<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self {
            bytes,
            at: 0,
            held: 0,
            count: 0,
        }
    }

    /// Holds at least `count` bits, up to 16, if there are as many.
    fn fill(&mut self, count: u32) {
        while self.count < count {
            let Some(&byte) = self.bytes.get(self.at) else {
                return;
            };
            if byte == 0xFF {
                if self.bytes.get(self.at + 1) != Some(&0) {
                    return;
                }
                self.at += 1;
            }
            self.at += 1;
            self.held = self.held << 8 | u32::from(byte);
            self.count += 8;
        }
    }

    /// The next `count` bits, up to 16; none if the data end before.
    pub(super) fn take(&mut self, count: u32) -> Option<u32> {
        self.fill(count);
        self.count = self.count.checked_sub(count)?;
        Some(self.held >> self.count & ((1 << count) - 1))
    }

    /// The symbol of the next code.
    pub(super) fn symbol(&mut self, codes: &Codes) -> Result<u8, Missing> {
        self.fill(16);
        // Where fewer bits are left, ones follow, of which no code consists.
        let peeked = if self.count < 16 {
            let missing = 16 - self.count;
            self.held << missing | ((1 << missing) - 1)
        } else {
            self.held >> (self.count - 16)
        } & 0xFFFF;
        let (length, symbol) = codes.find(peeked).ok_or(match self.count {
            16.. => Missing::Code,
            _ => Missing::Data,
        })?;
        self.count = self.count.checked_sub(length).ok_or(Missing::Data)?;
        Ok(symbol)
    }

    /// Drops what is left of the last byte, and passes a marker if one follows that `expected` accepts.
    pub(super) fn pass(&mut self, expected: impl Fn(u8) -> bool) -> bool {
        let end = self.end();
        let fill = self.bytes[end..].iter().take_while(|&&b| b == 0xFF).count();
        match self.bytes.get(end + fill) {
            Some(&marker) if fill > 0 && expected(marker) => {
                *self = Self {
                    at: end + fill + 1,
                    ..Self::new(self.bytes)
                };
                true
            }
            _ => false,
        }
    }

    /// Where what has been read ends: after the byte of the last bit.
    pub(super) fn end(&self) -> usize {
        // Whole bytes that are held are given back, with the zeros after those that are FF.
        let mut at = self.at;
        for _ in 0..self.count / 8 {
            let stuffed = at >= 2 && self.bytes[at - 2] == 0xFF && self.bytes[at - 1] == 0;
            at -= if stuffed { 2 } else { 1 };
        }
        at
    }
}

/// Why there is no symbol.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Missing {
    /// The data of the scan end within a code.
    Data,
    /// The bits are no code.
    Code,
}

/// A Huffman code.
#[derive(Clone, Debug)]
pub(super) struct Codes {
    /// Length and symbol of the code that eight bits begin with; length 0 for a longer one.
    short: Vec<(u8, u8)>,
    /// For each length: the first code, the number of codes, and the place of the symbol of the first one.
    lengths: [(u32, u32, usize); 17],
    symbols: Vec<u8>,
}

impl Codes {
    /// The codes of a table with `counts[n - 1]` codes of each length n from 1 to 16; none if no prefix code has as
    /// many.
    pub(super) fn new(counts: &[u8; 16], symbols: &[u8]) -> Option<Self> {
        let mut lengths = [(0, 0, 0); 17];
        let (mut code, mut place) = (0_u32, 0_usize);
        for (length, &count) in (1..).zip(counts) {
            code <<= 1;
            lengths[length] = (code, count.into(), place);
            code += u32::from(count);
            place += usize::from(count);
            if code > 1 << length {
                return None;
            }
        }
        let mut codes = Self {
            short: Vec::new(),
            lengths,
            symbols: symbols.to_vec(),
        };
        let short = |bits: u32| match codes.search(bits << 8, 8) {
            Some((length, symbol)) => (length as u8, symbol),
            None => (0, 0),
        };
        codes.short = (0..256).map(short).collect();
        Some(codes)
    }

    /// Length and symbol of the code that 16 bits begin with.
    fn find(&self, bits: u32) -> Option<(u32, u8)> {
        match self.short[(bits >> 8) as usize] {
            (0, _) => self.search(bits, 16),
            (length, symbol) => Some((length.into(), symbol)),
        }
    }

    /// Searches for the code that `bits` begin with among those of up to `most` bits.
    fn search(&self, bits: u32, most: usize) -> Option<(u32, u8)> {
        (1..=most).find_map(|length| {
            let (first, count, place) = self.lengths[length];
            let index = (bits >> (16 - length)).checked_sub(first)?;
            let symbol = *self.symbols.get(place + index as usize)?;
            (index < count).then_some((length as u32, symbol))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_end_where_a_marker_begins() {
        let mut bits = Bits::new(&[0xA5, 0xFF, 0x00, 0x0F, 0xFF, 0xD0, 0x80, 0xFF, 0xD9]);
        assert_eq!(
            [4, 8, 9].map(|count| bits.take(count)),
            [0xA, 0x5F, 0x1E1].map(Some)
        );
        assert_eq!(bits.end(), 4);
        assert_eq!(bits.take(4), None);
        assert!(!bits.pass(|marker| marker == 0xD1));
        assert!(bits.pass(|marker| marker == 0xD0));
        assert_eq!(bits.take(1), Some(1));
        assert_eq!(bits.end(), 7);
    }

    #[test]
    fn bytes_that_are_not_needed_are_given_back() {
        let counts = [1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        let codes = Codes::new(&counts, &[7]).unwrap();
        let mut bits = Bits::new(&[0x7F, 0xFF, 0x00, 0xFF, 0xD9]);
        assert_eq!(bits.symbol(&codes), Ok(7));
        assert_eq!(bits.end(), 1);
        assert_eq!(bits.symbol(&codes), Err(Missing::Data));
    }

    #[test]
    fn codes_are_found_by_their_bits() {
        // 00, 01, 100, and one of ten bits that begins 101.
        let mut counts = [0; 16];
        (counts[1], counts[2], counts[9]) = (2, 1, 1);
        let codes = Codes::new(&counts, &[5, 6, 7, 8]).unwrap();
        for (bits, found) in [
            (0x3FFF, Some((2, 5))),
            (0x4000, Some((2, 6))),
            (0x9FFF, Some((3, 7))),
            (0xA03F, Some((10, 8))),
            (0xA040, None),
            (0xFFFF, None),
        ] {
            assert_eq!(codes.find(bits), found, "{bits:x}");
        }
        counts[0] = 3;
        assert!(Codes::new(&counts, &[0; 7]).is_none());
    }
}
