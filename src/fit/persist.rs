//! State on its way to bytes and back. What visits it serves both directions, so they cannot differ; and as
//! whoever loads a state has made a fresh one of the same shape before, only numbers are exchanged.

use crate::engine::net::{Layer, Network};
use crate::error::{Checkpointing, Error};
use ndarray::Array2;

/// Where numbers go to, or where they come from.
pub(crate) enum Archive<'a> {
    Save(&'a mut Vec<u8>),
    Load(&'a [u8]),
}

/// What can be saved, and loaded into another of the same shape.
pub(crate) trait Persist {
    /// Passes every number of the state through `archive`, always in the same order.
    ///
    /// # Errors
    /// [`Error::Checkpoint`] if there are too few bytes to load.
    fn visit(&mut self, archive: &mut Archive<'_>) -> Result<(), Error>;

    /// The bytes of it.
    ///
    /// # Errors
    /// None of its own: those of [`Persist::visit`], which saving does not have.
    fn save(&mut self) -> Result<Vec<u8>, Error> {
        let mut bytes = Vec::new();
        self.visit(&mut Archive::Save(&mut bytes))?;
        Ok(bytes)
    }

    /// Takes the state from `bytes`, all of them.
    ///
    /// # Errors
    /// [`Error::Checkpoint`] if it takes more bytes or fewer.
    fn load(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let mut archive = Archive::Load(bytes);
        self.visit(&mut archive)?;
        match archive {
            Archive::Load([]) | Archive::Save(_) => Ok(()),
            Archive::Load(_) => Err(Error::Checkpoint(Checkpointing::Damaged)),
        }
    }
}

impl Archive<'_> {
    /// Passes `N` bytes.
    fn pass<const N: usize>(&mut self, number: [u8; N]) -> Result<[u8; N], Error> {
        match self {
            Self::Save(bytes) => {
                bytes.extend(number);
                Ok(number)
            }
            Self::Load(bytes) => {
                let damaged = Error::Checkpoint(Checkpointing::Damaged);
                let (number, rest) = bytes.split_first_chunk().ok_or(damaged)?;
                *bytes = rest;
                Ok(*number)
            }
        }
    }
}

macro_rules! numbers {
    ($($number:ty),*) => {$(
        impl Persist for $number {
            fn visit(&mut self, archive: &mut Archive<'_>) -> Result<(), Error> {
                *self = Self::from_le_bytes(archive.pass(self.to_le_bytes())?);
                Ok(())
            }
        }
    )*};
}
numbers!(u8, u32, i32, u64, f32, f64);

impl Persist for bool {
    fn visit(&mut self, archive: &mut Archive<'_>) -> Result<(), Error> {
        let mut number = u8::from(*self);
        number.visit(archive)?;
        *self = number != 0;
        Ok(())
    }
}

impl<T: Persist + Default> Persist for Option<T> {
    fn visit(&mut self, archive: &mut Archive<'_>) -> Result<(), Error> {
        let mut some = self.is_some();
        some.visit(archive)?;
        if some {
            self.get_or_insert_default().visit(archive)
        } else {
            *self = None;
            Ok(())
        }
    }
}

impl<T: Persist> Persist for [T] {
    fn visit(&mut self, archive: &mut Archive<'_>) -> Result<(), Error> {
        self.iter_mut().try_for_each(|item| item.visit(archive))
    }
}

impl Persist for Array2<f32> {
    fn visit(&mut self, archive: &mut Archive<'_>) -> Result<(), Error> {
        self.iter_mut().try_for_each(|number| number.visit(archive))
    }
}

impl Persist for Layer {
    fn visit(&mut self, archive: &mut Archive<'_>) -> Result<(), Error> {
        let mut numbers = self.parameters_mut();
        numbers.try_for_each(|number| number.visit(archive))
    }
}

impl Persist for Network {
    fn visit(&mut self, archive: &mut Archive<'_>) -> Result<(), Error> {
        self.layers.visit(archive)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_back_and_no_byte_is_left_or_missing() {
        let mut given = [Some(-7), None, Some(i32::MIN)];
        let bytes = given.save().unwrap();
        let mut taken = [None, Some(3), None];
        taken.load(&bytes).unwrap();
        assert_eq!(taken, given);
        assert!(taken.load(&bytes[..bytes.len() - 1]).is_err());
        assert!(taken.load(&[&bytes[..], &[0]].concat()).is_err());
    }
}
