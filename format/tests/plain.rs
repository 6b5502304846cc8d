//! A second decoder of weight coding 1, written from SPEC.md 5.3 alone and as plainly as it stands there. Its
//! table is the one printed in SPEC.md.

use siren_format::{Header, Signal, Tensor};

/// Rows of the table in SPEC 5.3.2.
pub(crate) fn table() -> Vec<Vec<u64>> {
    let spec = include_str!("../SPEC.md");
    let (_, block) = spec.split_once("```tails\n").expect("a table");
    let (block, _) = block.split_once("```").expect("its end");
    let row = |row: &str| {
        let (_, numbers) = row.split_once(':').expect("a colon");
        let numbers = numbers.split_whitespace();
        numbers.map(|n| n.parse().expect("a number")).collect()
    };
    block.split("m = ").skip(1).map(row).collect()
}

pub(crate) struct Decoder<'a> {
    payload: &'a [u8],
    read: usize,
    low: u64,
    range: u64,
    point: u64,
    table: &'a [Vec<u64>],
}

/// What SPEC 5.3.2 makes of a scale code.
struct Gaussian {
    row: Vec<u64>,
    stride: i64,
    k: u32,
}

impl<'a> Decoder<'a> {
    /// SPEC 5.3.1: begins with a payload.
    pub(crate) fn new(payload: &'a [u8], table: &'a [Vec<u64>]) -> Self {
        let mut decoder = Self {
            payload,
            read: 0,
            low: 0,
            range: u64::MAX,
            point: 0,
            table,
        };
        decoder.next_bytes(8);
        decoder
    }

    /// SPEC 5.3.1: the symbol with this number in ascending order, among symbols of these widths.
    pub(crate) fn symbol(&mut self, widths: impl Iterator<Item = u64>) -> Option<usize> {
        let unit = self.range >> 16;
        let q = self.point.wrapping_sub(self.low) / unit;
        if q > 65_535 {
            return None;
        }
        let mut start = 0;
        for (symbol, width) in widths.enumerate() {
            if q < start + width {
                self.low = self.low.wrapping_add(unit * start);
                self.range = unit * width;
                if self.range < 1 << 32 {
                    self.low <<= 32;
                    self.range <<= 32;
                    self.next_bytes(4);
                }
                return Some(symbol);
            }
            start += width;
        }
        panic!("widths add up to {start}");
    }

    fn next_bytes(&mut self, count: usize) {
        for _ in 0..count {
            let byte = self.payload.get(self.read).copied().unwrap_or(0);
            self.point = self.point << 8 | u64::from(byte);
            self.read += 1;
        }
    }

    /// SPEC 5.3.3.
    pub(crate) fn bits(&mut self, count: u32) -> Option<i64> {
        if count == 0 {
            return Some(0);
        }
        let symbol = self.symbol((0..1 << count).map(|_| 1 << (16 - count)))?;
        Some(symbol as i64)
    }

    pub(crate) fn golomb(&mut self, order: u32) -> Option<i64> {
        let mut zeros = 0;
        while self.bits(1)? == 0 {
            zeros += 1;
            if zeros > 22 {
                return None;
            }
        }
        let mut y = 0;
        for _ in 0..zeros {
            y = 2 * y + self.bits(1)?;
        }
        Some(((1 << zeros) + y - 1) * (1 << order) + self.bits(order)?)
    }

    fn signed(&mut self, order: u32) -> Option<i64> {
        let v = self.golomb(order)?;
        Some(if v % 2 == 1 { (v + 1) / 2 } else { -v / 2 })
    }

    /// SPEC 5.3.2.
    fn gaussian(&self, scale: i64) -> Gaussian {
        let (row, octave) = ((scale % 4) as usize, scale / 4);
        Gaussian {
            row: self.table[row].clone(),
            stride: if octave < 5 { 1 << (5 - octave) } else { 1 },
            k: if octave > 5 { octave - 5 } else { 0 } as u32,
        }
    }

    pub(crate) fn level(&mut self, scale: i64) -> Option<i32> {
        let Gaussian { row, stride, k } = self.gaussian(scale);
        let tail = |a: i64| row.get(((2 * a - 1) * stride) as usize).copied();
        let end = (1..).take_while(|&a| tail(a).is_some()).count() as i64;
        let width = |a: i64| match a.abs() {
            0 => 65_536 - 2 * tail(1).unwrap_or(0),
            a => tail(a).unwrap_or(0) - tail(a + 1).unwrap_or(0),
        };
        let widths: Vec<u64> = (-end..=end).map(width).collect();
        let mut h = self.symbol(widths.into_iter())? as i64 - end;
        if h == end {
            h += self.golomb(0)?;
        } else if h == -end {
            h -= self.golomb(0)?;
        }
        let half = if k == 0 { 0 } else { 1 << (k - 1) };
        let level = h * (1 << k) + self.bits(k)? - half;
        (level.abs() <= 1 << 22).then_some(level as i32)
    }

    /// SPEC 5.3.5: the biases of a hidden layer.
    fn ascending(&mut self, count: usize, scale: i64) -> Option<Vec<i32>> {
        let Gaussian { row, stride, k } = self.gaussian(scale);
        let tail = |a: i64| row.get(((2 * a - 1) * stride) as usize).copied();
        let end = (1..).take_while(|&a| tail(a).is_some()).count() as i64;
        let sizes = |a: i64| {
            if a == 0 {
                65_536
            } else {
                2 * tail(a).unwrap_or(0)
            }
        };
        let mut levels: Vec<i32> = Vec::new();
        let mut h = 0;
        while levels.len() < count {
            if h < end {
                let r = (sizes(h + 1) << 32) / sizes(h);
                let p = (levels.len()..count).fold(1_u64 << 32, |p, _| (p * r) >> 32);
                let width = (p >> 16).clamp(1, 65_535);
                if self.symbol([width, 65_536 - width].into_iter())? == 0 {
                    h += 1;
                    continue;
                }
            }
            let high = if h == end { h + self.golomb(0)? } else { h };
            let half = if k == 0 { 0 } else { 1 << (k - 1) };
            let level = high * (1 << k) + self.bits(k)? - half;
            let least = levels.last().copied().unwrap_or(0);
            if level > 1 << 22 || level < i64::from(least) {
                return None;
            }
            levels.push(level as i32);
        }
        Some(levels)
    }

    /// The last rule of SPEC 5.3.1.
    pub(crate) fn ends_well(&self) -> bool {
        let (n, r) = (self.payload.len(), self.read);
        let d = u128::from(self.point.wrapping_sub(self.low));
        let v = match n {
            _ if n + 8 <= r => 1_u128 << 64,
            _ if n <= r => 1 << (8 * (r - n)),
            _ => return false,
        };
        self.payload.last().is_none_or(|&e| {
            e > 0 && d < v && d + (256 - u128::from(e)) * v >= u128::from(self.range)
        })
    }
}

/// SPEC 3.1: the number of networks.
fn networks(signal: Signal) -> u64 {
    let Signal::Sound {
        frames,
        segment,
        overlap,
        ..
    } = signal
    else {
        return 1;
    };
    let mut networks = 1;
    let mut end = u64::from(segment);
    while end < u64::from(frames) {
        end += u64::from(segment - overlap);
        networks += 1;
    }
    networks
}

/// SPEC 5.3.4: the tensors, or nothing if the payload breaks a rule.
pub(crate) fn decode(payload: &[u8], header: &Header, table: &[Vec<u64>]) -> Option<Vec<Tensor>> {
    let mut decoder = Decoder::new(payload, table);
    let mut tensors = Vec::new();
    // Step code and spread of each tensor of the network before.
    let mut before: Option<Vec<(i64, i64)>> = None;
    for _ in 0..networks(header.signal) {
        let known = decoder.network(header, before.as_deref(), &mut tensors)?;
        before = Some(known);
    }
    decoder.ends_well().then_some(tensors)
}

impl Decoder<'_> {
    /// The tensors of one network, and what is known of each.
    fn network(
        &mut self,
        header: &Header,
        before: Option<&[(i64, i64)]>,
        tensors: &mut Vec<Tensor>,
    ) -> Option<Vec<(i64, i64)>> {
        let last = header.layers().count();
        let (mut step_before, mut spread_before) = (0, 0);
        let mut known = Vec::new();
        for (index, (rows, columns)) in header.layers().enumerate() {
            let layer = index + 1;
            for (is_weights, count) in [(true, rows * columns), (false, rows)] {
                let (expected_step, expected_spread) = if let Some(before) = before {
                    before[known.len()]
                } else if !is_weights {
                    (
                        step_before - 5,
                        spread_before + if layer == 1 { -20 } else { 4 },
                    )
                } else if layer == 1 {
                    (100, 202)
                } else {
                    let a = if layer == 2 { -4 } else { 0 };
                    let b = if layer == last { 8 } else { 0 };
                    (step_before + 4 + a + b, spread_before + 8 * a + 2 * b)
                };
                let (step_order, scale_order) = match (before, is_weights && layer == 1) {
                    (Some(_), _) => (0, 0),
                    (None, true) => (4, 0),
                    (None, false) => (1, 1),
                };
                let step: i64 = expected_step + self.signed(step_order)?;
                let step_code = u8::try_from(step).ok()?;
                let expected_scale = (expected_spread - step).div_euclid(2).clamp(1, 87);
                let scale: i64 = expected_scale + self.signed(scale_order)?;
                if !(0..=87).contains(&scale) {
                    return None;
                }
                let levels = match scale {
                    0 => vec![0; count as usize],
                    _ if !is_weights && layer < last => self.ascending(count as usize, scale)?,
                    _ => (0..count)
                        .map(|_| self.level(scale))
                        .collect::<Option<_>>()?,
                };
                let spread = if scale == 0 {
                    expected_spread
                } else {
                    step + 2 * scale
                };
                if is_weights {
                    (step_before, spread_before) = (step, spread);
                }
                known.push((step, spread));
                tensors.push(Tensor {
                    step: step_code,
                    levels,
                });
            }
        }
        Some(known)
    }
}
