//! Scans: the coefficients of some components, or some bits of them, block by block.

use super::bits::{Bits, Codes, Missing};
use super::{Error, damaged};

/// The largest that a coefficient may be, in the steps of samples: no picture has one beyond 1,024, and encoders that
/// sharpen or round boldly get a little above it. Where a bit has changed, they soon do.
const LARGEST: i64 = 1536;

/// What the data of scans are read with.
#[derive(Default)]
pub(super) struct Tables {
    /// Huffman codes by their class, for first or other coefficients, and number.
    codes: [[Option<Codes>; 4]; 2],
    /// Steps of coefficients, by number, in the order in which coefficients come.
    steps: [Option<[u16; 64]>; 4],
}

impl Tables {
    /// Takes the steps of a segment.
    pub(super) fn quantise(&mut self, mut segment: &[u8]) -> Result<(), Error> {
        while let [which, rest @ ..] = segment {
            let fault = || damaged("has steps of coefficients that cannot be");
            let bytes = if which >> 4 == 0 { 1 } else { 2 };
            let (values, rest) = rest.split_at_checked(64 * bytes).ok_or_else(fault)?;
            let mut steps = [0; 64];
            for (step, value) in steps.iter_mut().zip(values.chunks(bytes)) {
                *step = value.iter().fold(0, |a, &b| a << 8 | u16::from(b));
            }
            let table = self.steps.get_mut(usize::from(which & 15));
            *table.ok_or_else(fault)? = Some(steps);
            segment = rest;
        }
        Ok(())
    }

    /// Takes the codes of a segment.
    pub(super) fn define(&mut self, mut segment: &[u8]) -> Result<(), Error> {
        while let [which, rest @ ..] = segment {
            let fault = || damaged("has Huffman codes that cannot be");
            let counts = rest.first_chunk::<16>().ok_or_else(fault)?;
            let total = counts
                .iter()
                .map(|&count| usize::from(count))
                .sum::<usize>();
            let symbols = rest.get(16..16 + total).ok_or_else(fault)?;
            let (class, number) = (usize::from(which >> 4), usize::from(which & 15));
            let class = self.codes.get_mut(class).ok_or_else(fault)?;
            let table = class.get_mut(number).ok_or_else(fault)?;
            *table = Some(Codes::new(counts, symbols).ok_or_else(fault)?);
            segment = &rest[16 + total..];
        }
        Ok(())
    }

    fn get(&self, class: usize, number: u8) -> Result<&Codes, Fault> {
        let table = self.codes[class].get(usize::from(number));
        let table = table.and_then(Option::as_ref);
        table.ok_or(Fault::Damaged(
            "has a scan whose Huffman codes are not told",
        ))
    }

    /// Refuses a coefficient of number `k` and this value that no picture has.
    fn check(&self, table: u8, k: usize, value: i64) -> Result<(), Fault> {
        let steps = self.steps.get(usize::from(table)).and_then(Option::as_ref);
        let step = steps.and_then(|steps| steps.get(k)).copied().unwrap_or(0);
        if value.abs() * i64::from(step) <= LARGEST + 2 * i64::from(step) {
            Ok(())
        } else {
            Err(Fault::Damaged("has coefficients that no picture has"))
        }
    }
}

/// One of the planes of a picture.
pub(super) struct Component {
    name: u8,
    /// The number of its table of steps.
    table: u8,
    /// The first coefficient of the block before.
    before: i64,
    /// Blocks of an MCU of several components, across and down.
    sampling: [usize; 2],
    /// Blocks that hold samples, across and down.
    blocks: [usize; 2],
    /// Blocks of a row, those included that only fill MCUs.
    stride: usize,
    /// Which coefficients of a block are known not to be 0, a bit each. Only for progressive pictures.
    nonzero: Vec<u64>,
    /// Of each coefficient the number of bits that are not there yet; none are before the first scan of it.
    missing: [Option<u8>; 64],
}

impl Component {
    /// The components with these names, sampling factors and tables, of a picture of `size`.
    pub(super) fn all(
        specifications: &[[u8; 3]],
        size: [usize; 2],
        progressive: bool,
    ) -> Option<Vec<Self>> {
        let sampling = |factors: u8| [factors >> 4, factors & 15].map(usize::from);
        let factors = specifications
            .iter()
            .map(|&[_, factors, _]| sampling(factors));
        let valid = |factor: &usize| (1..=4).contains(factor);
        if !factors.clone().flatten().all(|factor| valid(&factor)) {
            return None;
        }
        let most = factors.fold([1, 1], |[a, b], [h, v]| [a.max(h), b.max(v)]);
        let component = |&[name, factors, table]: &[u8; 3]| {
            let sampling = sampling(factors);
            let along = |axis: usize| {
                let samples = (size[axis] * sampling[axis]).div_ceil(most[axis]);
                let mcus = size[axis].div_ceil(8 * most[axis]);
                (samples.div_ceil(8), mcus * sampling[axis])
            };
            let ((across, stride), (down, rows)) = (along(0), along(1));
            let blocks = if progressive { stride * rows } else { 0 };
            Self {
                name,
                table,
                before: 0,
                sampling,
                blocks: [across, down],
                stride,
                nonzero: vec![0; blocks],
                missing: [None; 64],
            }
        };
        Some(specifications.iter().map(component).collect())
    }

    /// Whether there is something of every block.
    pub(super) fn is_begun(&self) -> bool {
        self.missing[0].is_some()
    }

    /// Whether nothing is to come.
    pub(super) fn is_whole(&self, progressive: bool) -> bool {
        let mut missing = self.missing.iter();
        missing.all(|&bits| bits == Some(0)) || (!progressive && self.is_begun())
    }
}

/// What is wrong with a scan.
#[derive(Debug)]
pub(super) enum Fault {
    /// It ends after `done` of its `of` MCUs.
    Ends {
        done: usize,
        of: usize,
    },
    Damaged(&'static str),
}

impl From<Missing> for Fault {
    fn from(missing: Missing) -> Self {
        match missing {
            // How far it got is filled in by who knows.
            Missing::Data => Self::Ends { done: 0, of: 0 },
            Missing::Code => Self::Damaged("has bits in its data that are no code"),
        }
    }
}

/// The components and coefficients that a scan holds.
pub(super) struct Scan {
    progressive: bool,
    interval: usize,
    /// The place of each component, and the numbers of its tables.
    parts: Vec<(usize, [u8; 2])>,
    /// The first and the last coefficient.
    band: [usize; 2],
    /// The bits that were missing before, 0 if nothing was there, and those that are after it.
    high: u8,
    low: u8,
}

impl Scan {
    /// The scan of a header. None if it cannot be one of a picture with these components.
    pub(super) fn new(
        header: &[u8],
        progressive: bool,
        interval: usize,
        components: &[Component],
    ) -> Option<Self> {
        let (&count, rest) = header.split_first()?;
        let (parts, rest) = rest.split_at_checked(2 * usize::from(count))?;
        let part = |&[name, tables]: &[u8; 2]| {
            let place = components.iter().position(|it| it.name == name)?;
            Some((place, [tables >> 4, tables & 15]))
        };
        let parts: Option<Vec<_>> = parts.as_chunks::<2>().0.iter().map(part).collect();
        let &[first, last, bits, ..] = rest else {
            return None;
        };
        let scan = Self {
            progressive,
            interval,
            parts: parts?,
            band: if progressive {
                [first.into(), last.into()]
            } else {
                [0, 63]
            },
            high: if progressive { bits >> 4 } else { 0 },
            low: if progressive { bits & 15 } else { 0 },
        };
        let [first, last] = scan.band;
        let alone = scan.parts.len() == 1;
        let valid = !scan.parts.is_empty()
            && scan.parts.len() <= 4
            && last < 64
            && first <= last
            && (!progressive || if first == 0 { last == 0 } else { alone });
        valid.then_some(scan)
    }

    /// How many components it has.
    pub(super) fn components(&self) -> usize {
        self.parts.len()
    }

    /// Reads the scan that `bytes` begin with, of a picture of `size`; returns how many of them are its.
    pub(super) fn read(
        &self,
        tables: &Tables,
        components: &mut [Component],
        size: [usize; 2],
        bytes: &[u8],
    ) -> Result<usize, Fault> {
        let mut bits = Bits::new(bytes);
        let mcus = self.mcus(components, size);
        let of = mcus[0] * mcus[1];
        let mut run = 0;
        self.restart(components);
        for done in 0..of {
            if self.interval > 0 && done > 0 && done.is_multiple_of(self.interval) {
                let expected = 0xD0 + (done / self.interval - 1) as u8 % 8;
                if !bits.pass(|marker| marker == expected) {
                    return Err(self.broken(&bits, bytes, done, of));
                }
                run = 0;
                self.restart(components);
            }
            self.mcu(
                tables,
                components,
                [done % mcus[0], done / mcus[0]],
                &mut bits,
                &mut run,
            )
            .map_err(|fault| match fault {
                Fault::Ends { .. } => self.broken(&bits, bytes, done, of),
                fault => fault,
            })?;
        }
        for &(place, _) in &self.parts {
            let missing = &mut components[place].missing[self.band[0]..=self.band[1]];
            missing.fill(Some(self.low));
        }
        let end = bits.end();
        match bytes[end..] {
            [] | [0xFF] => Ok(end),
            [0xFF, marker, ..] if marker > 0 => Ok(end),
            _ => Err(Fault::Damaged("has more data than its picture takes")),
        }
    }

    /// Forgets the blocks before.
    fn restart(&self, components: &mut [Component]) {
        for &(place, _) in &self.parts {
            components[place].before = 0;
        }
    }

    /// What is wrong where the data end after `done` MCUs: the file may end there, or be damaged before.
    fn broken(&self, bits: &Bits<'_>, bytes: &[u8], done: usize, of: usize) -> Fault {
        let rest = &bytes[bits.end()..];
        let follows = rest.iter().find(|&&byte| byte != 0xFF);
        match follows {
            None | Some(&super::EOI) => Fault::Ends { done, of },
            Some(_) => Fault::Damaged("has data that end before their marker"),
        }
    }

    /// MCUs across and down.
    fn mcus(&self, components: &[Component], size: [usize; 2]) -> [usize; 2] {
        if let [(place, _)] = self.parts[..] {
            return components[place].blocks;
        }
        [0, 1].map(|axis| {
            let most = components.iter().map(|it| it.sampling[axis]).max();
            size[axis].div_ceil(8 * most.unwrap_or(1))
        })
    }

    /// Reads the blocks of an MCU.
    fn mcu(
        &self,
        tables: &Tables,
        components: &mut [Component],
        [column, row]: [usize; 2],
        bits: &mut Bits<'_>,
        run: &mut u32,
    ) -> Result<(), Fault> {
        let alone = self.parts.len() == 1;
        for &(place, numbers) in &self.parts {
            let component = &mut components[place];
            let [across, down] = if alone { [1, 1] } else { component.sampling };
            for (y, x) in (0..down).flat_map(|y| (0..across).map(move |x| (y, x))) {
                if !self.progressive {
                    block(bits, tables, numbers, component)?;
                    continue;
                }
                let index = (row * down + y) * component.stride + column * across + x;
                self.part(tables, numbers, bits, component, index, run)?;
            }
        }
        Ok(())
    }

    /// Reads what a progressive scan has of a block.
    fn part(
        &self,
        tables: &Tables,
        numbers: [u8; 2],
        bits: &mut Bits<'_>,
        component: &mut Component,
        index: usize,
        run: &mut u32,
    ) -> Result<(), Fault> {
        let table = component.table;
        let Some(nonzero) = component.nonzero.get_mut(index) else {
            return Ok(());
        };
        match (self.band[0], self.high) {
            (0, 0) => {
                component.before += difference(bits, tables.get(0, numbers[0])?)?;
                tables.check(table, 0, component.before << self.low)
            }
            (0, _) => take(bits, 1).map(|_| ()),
            (_, 0) => self.band(bits, tables, (numbers[1], table), nonzero, run),
            (_, _) => self.refinement(bits, tables.get(1, numbers[1])?, nonzero, run),
        }
    }

    /// The first bits of the coefficients of a band.
    fn band(
        &self,
        bits: &mut Bits<'_>,
        tables: &Tables,
        (codes, table): (u8, u8),
        nonzero: &mut u64,
        run: &mut u32,
    ) -> Result<(), Fault> {
        let codes = tables.get(1, codes)?;
        if *run > 0 {
            *run -= 1;
            return Ok(());
        }
        let mut k = self.band[0];
        while k <= self.band[1] {
            let symbol = bits.symbol(codes)?;
            let (zeros, length) = (usize::from(symbol >> 4), u32::from(symbol & 15));
            if length == 0 && zeros < 15 {
                *run = (1 << zeros) - 1 + take(bits, zeros as u32)?;
                return Ok(());
            }
            k += zeros;
            if length > 0 {
                tables.check(table, k, signed(bits, length)? << self.low)?;
                *nonzero |= mask(k);
            }
            k += 1;
        }
        self.within(k)
    }

    /// One more bit of the coefficients of a band.
    fn refinement(
        &self,
        bits: &mut Bits<'_>,
        codes: &Codes,
        nonzero: &mut u64,
        run: &mut u32,
    ) -> Result<(), Fault> {
        let [mut k, last] = self.band;
        while *run == 0 && k <= last {
            let symbol = bits.symbol(codes)?;
            let (mut zeros, length) = (symbol >> 4, symbol & 15);
            if length == 0 && zeros < 15 {
                // This block is the first of the run.
                *run = (1 << zeros) + take(bits, zeros.into())?;
                break;
            }
            if length > 1 {
                return Err(Fault::Damaged("has bits in its data that are no code"));
            }
            if length == 1 {
                take(bits, 1)?;
            }
            // A bit for each that is known not to be 0, up to a place after `zeros` others.
            while k <= last {
                if *nonzero & mask(k) != 0 {
                    take(bits, 1)?;
                } else if zeros == 0 {
                    break;
                } else {
                    zeros -= 1;
                }
                k += 1;
            }
            if length == 1 {
                self.within(k + 1)?;
                *nonzero |= mask(k);
            }
            k += 1;
        }
        if *run > 0 {
            *run -= 1;
            let known = (k..=last).filter(|&k| *nonzero & mask(k) != 0).count();
            for _ in 0..known {
                take(bits, 1)?;
            }
        }
        Ok(())
    }

    /// Refuses coefficients beyond the last one, `k` being the next.
    fn within(&self, k: usize) -> Result<(), Fault> {
        if k <= self.band[1] + 1 {
            Ok(())
        } else {
            Err(Fault::Damaged("has more coefficients than a block"))
        }
    }
}

/// The bit of coefficient `k`, which may be beyond the last one.
fn mask(k: usize) -> u64 {
    1_u64.checked_shl(k as u32).unwrap_or(0)
}

fn take(bits: &mut Bits<'_>, count: u32) -> Result<u32, Fault> {
    Ok(bits.take(count).ok_or(Missing::Data)?)
}

/// A number of `length` bits, of which the lower half are negative.
fn signed(bits: &mut Bits<'_>, length: u32) -> Result<i64, Fault> {
    let value = i64::from(take(bits, length)?);
    let negative = length > 0 && value >> (length - 1) == 0;
    Ok(if negative {
        value - (1 << length) + 1
    } else {
        value
    })
}

/// Reads how much the first coefficient of a block differs from that of the block before.
fn difference(bits: &mut Bits<'_>, codes: &Codes) -> Result<i64, Fault> {
    let length = bits.symbol(codes)?;
    if length > 11 {
        return Err(Fault::Damaged("has bits in its data that are no code"));
    }
    signed(bits, length.into())
}

/// Reads all coefficients of a block.
fn block(
    bits: &mut Bits<'_>,
    tables: &Tables,
    numbers: [u8; 2],
    component: &mut Component,
) -> Result<(), Fault> {
    let (first, others) = (tables.get(0, numbers[0])?, tables.get(1, numbers[1])?);
    component.before += difference(bits, first)?;
    tables.check(component.table, 0, component.before)?;
    let mut k = 1;
    while k < 64 {
        let symbol = bits.symbol(others)?;
        let (zeros, length) = (usize::from(symbol >> 4), u32::from(symbol & 15));
        match (zeros, length) {
            (15, 0) => k += 16,
            (_, 0) => return Ok(()),
            _ => {
                k += zeros + 1;
                tables.check(component.table, k - 1, signed(bits, length)?)?;
            }
        }
    }
    if k > 64 {
        return Err(Fault::Damaged("has more coefficients than a block"));
    }
    Ok(())
}
