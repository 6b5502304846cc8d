//! Activations, and how jets go through them, forward and backward.
//!
//! The jet of a row is a few rows, its *components*: the value, the derivative by each coordinate, and
//! the Laplacian, as far as the [`Order`] wants them. A buffer of jets holds all rows of the first
//! component, then all of the next. Rules and their adjoints are derived in `net/derivation.md`.

use super::super::simd::{sin, sin_cos, tanh};
use fearless_simd::{Select, Simd, SimdBase, SimdFloat};

/// How much of the jet of a network's outputs is wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Order {
    /// Values.
    #[default]
    Value,
    /// Values and first derivatives by every coordinate.
    Gradient,
    /// Values, first derivatives and the Laplacian: the sum of the second derivatives by every coordinate.
    Laplacian,
}

impl Order {
    /// Components of a jet over `coordinates` coordinates.
    pub fn components(self, coordinates: usize) -> usize {
        match self {
            Self::Value => 1,
            Self::Gradient => 1 + coordinates,
            Self::Laplacian => 2 + coordinates,
        }
    }
}

/// What a hidden layer makes of its pre-activations.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Activation {
    /// sin z: a SIREN.
    #[default]
    Sine,
    /// max(z, 0).
    Relu,
    /// z, or 0.01 z where that is negative.
    LeakyRelu,
    /// tanh z.
    Tanh,
}

/// An activation function a = f(z) whose second and third derivatives follow from a and f'(z).
trait Curve {
    /// (f, f').
    fn slope<S: Simd>(simd: S, z: S::f32s) -> (S::f32s, S::f32s);
    /// f''.
    fn second<S: Simd>(simd: S, a: S::f32s, slope: S::f32s) -> S::f32s;
    /// f'''.
    fn third<S: Simd>(simd: S, a: S::f32s, slope: S::f32s) -> S::f32s;
}

struct Sine;
struct Tanh;
/// z, or `PERCENT` hundredths of it where it is negative. The derivative at 0 is that of the left side.
struct Ramp<const PERCENT: u8>;

impl Curve for Sine {
    #[inline(always)]
    fn slope<S: Simd>(simd: S, z: S::f32s) -> (S::f32s, S::f32s) {
        sin_cos(simd, z)
    }

    #[inline(always)]
    fn second<S: Simd>(_: S, a: S::f32s, _: S::f32s) -> S::f32s {
        -a
    }

    #[inline(always)]
    fn third<S: Simd>(_: S, _: S::f32s, slope: S::f32s) -> S::f32s {
        -slope
    }
}

impl Curve for Tanh {
    #[inline(always)]
    fn slope<S: Simd>(simd: S, z: S::f32s) -> (S::f32s, S::f32s) {
        let a = tanh(simd, z);
        (a, (-a).mul_add(a, 1.0))
    }

    #[inline(always)]
    fn second<S: Simd>(_: S, a: S::f32s, slope: S::f32s) -> S::f32s {
        a * slope * -2.0
    }

    #[inline(always)]
    fn third<S: Simd>(_: S, a: S::f32s, slope: S::f32s) -> S::f32s {
        (a * a).mul_add(6.0, -2.0) * slope
    }
}

impl<const PERCENT: u8> Curve for Ramp<PERCENT> {
    #[inline(always)]
    fn slope<S: Simd>(simd: S, z: S::f32s) -> (S::f32s, S::f32s) {
        let low = f32::from(PERCENT) * 0.01;
        let positive = z.simd_gt(0.0);
        let slope = positive.select(S::f32s::splat(simd, 1.0), S::f32s::splat(simd, low));
        (z * slope, slope)
    }

    #[inline(always)]
    fn second<S: Simd>(simd: S, _: S::f32s, _: S::f32s) -> S::f32s {
        S::f32s::splat(simd, 0.0)
    }

    #[inline(always)]
    fn third<S: Simd>(simd: S, _: S::f32s, _: S::f32s) -> S::f32s {
        S::f32s::splat(simd, 0.0)
    }
}

/// Calls a function that takes a [`Curve`] with that of an [`Activation`].
macro_rules! with_curve {
    ($activation:expr, $function:ident, $($argument:expr),*) => {
        match $activation {
            Activation::Sine => $function::<Sine, _>($($argument),*),
            Activation::Relu => $function::<Ramp<0>, _>($($argument),*),
            Activation::LeakyRelu => $function::<Ramp<1>, _>($($argument),*),
            Activation::Tanh => $function::<Tanh, _>($($argument),*),
        }
    };
}

/// Writes the jets of the activations of the jets `z` to `a`, and leaves f'(z) in place of the values of
/// `z`; its other components stay. Both hold jets of `order` over `coordinates` coordinates.
#[inline(always)]
pub(crate) fn activate<S: Simd>(
    simd: S,
    activation: Activation,
    order: Order,
    coordinates: usize,
    z: &mut [f32],
    a: &mut [f32],
) {
    assert_eq!(z.len(), a.len());
    let parts = Parts::new(order, coordinates, z.len());
    with_curve!(activation, forward, simd, parts, z, a);
}

/// Turns adjoints of the activations `a` into adjoints of their pre-activations, where `z` is what
/// [`activate`] left.
#[inline(always)]
pub(crate) fn activate_adjoint<S: Simd>(
    simd: S,
    activation: Activation,
    order: Order,
    coordinates: usize,
    z: &[f32],
    a: &[f32],
    adjoint: &mut [f32],
) {
    assert!(z.len() == a.len() && z.len() == adjoint.len());
    let parts = Parts::new(order, coordinates, z.len());
    with_curve!(activation, backward, simd, parts, z, a, adjoint);
}

/// Replaces values of `z` by their activations: the same values as [`activate`] computes.
#[inline(always)]
pub(crate) fn activate_in_place<S: Simd>(simd: S, activation: Activation, z: &mut [f32]) {
    let lanes = <S::f32s as SimdBase<S>>::LEN;
    if activation == Activation::Sine {
        // Without the cosine, which nobody wants here.
        for z in z.chunks_exact_mut(lanes) {
            sin(simd, S::f32s::from_slice(simd, z)).store_slice(z);
        }
    } else {
        with_curve!(activation, in_place, simd, z);
    }
}

/// Where the components of jets are.
#[derive(Clone, Copy)]
struct Parts {
    /// Floats of one component.
    stride: usize,
    firsts: usize,
    laplacian: bool,
}

impl Parts {
    fn new(order: Order, coordinates: usize, length: usize) -> Self {
        let components = order.components(coordinates);
        assert!(length.is_multiple_of(components));
        Self {
            stride: length / components,
            firsts: match order {
                Order::Value => 0,
                _ => coordinates,
            },
            laplacian: order == Order::Laplacian,
        }
    }
}

#[inline(always)]
fn load<S: Simd>(simd: S, data: &[f32], at: usize) -> S::f32s {
    S::f32s::from_slice(simd, &data[at..][..<S::f32s as SimdBase<S>>::LEN])
}

#[inline(always)]
fn store<S: Simd>(value: S::f32s, data: &mut [f32], at: usize) {
    value.store_slice(&mut data[at..][..<S::f32s as SimdBase<S>>::LEN]);
}

#[inline(always)]
fn in_place<C: Curve, S: Simd>(simd: S, z: &mut [f32]) {
    let lanes = <S::f32s as SimdBase<S>>::LEN;
    for z in z.chunks_exact_mut(lanes) {
        C::slope(simd, S::f32s::from_slice(simd, z))
            .0
            .store_slice(z);
    }
}

/// a_j = f' z_j and a_L = f' z_L + f'' sum_j z_j^2.
#[inline(always)]
fn forward<C: Curve, S: Simd>(simd: S, parts: Parts, z: &mut [f32], a: &mut [f32]) {
    let lanes = <S::f32s as SimdBase<S>>::LEN;
    let Parts {
        stride,
        firsts,
        laplacian,
    } = parts;
    for at in (0..stride).step_by(lanes) {
        let (value, slope) = C::slope(simd, load(simd, z, at));
        store::<S>(value, a, at);
        store::<S>(slope, z, at);
        let mut squares = S::f32s::splat(simd, 0.0);
        for component in 1..=firsts {
            let at = component * stride + at;
            let first = load(simd, z, at);
            store::<S>(slope * first, a, at);
            squares = first.mul_add(first, squares);
        }
        if laplacian {
            let at = (firsts + 1) * stride + at;
            let bent = C::second(simd, value, slope) * squares;
            store::<S>(slope.mul_add(load(simd, z, at), bent), a, at);
        }
    }
}

/// With A the adjoints of a: Z_L = f' A_L, Z_j = f' A_j + 2 f'' z_j A_L and
/// Z = f' A + f'' sum_j z_j A_j + (f'' z_L + f''' sum_j z_j^2) A_L.
#[inline(always)]
fn backward<C: Curve, S: Simd>(simd: S, parts: Parts, z: &[f32], a: &[f32], adjoint: &mut [f32]) {
    let lanes = <S::f32s as SimdBase<S>>::LEN;
    let Parts {
        stride,
        firsts,
        laplacian,
    } = parts;
    let zero = S::f32s::splat(simd, 0.0);
    for at in (0..stride).step_by(lanes) {
        let (slope, value) = (load(simd, z, at), load(simd, a, at));
        let mut sum = slope * load(simd, adjoint, at);
        if firsts > 0 {
            let second = C::second(simd, value, slope);
            let last = (firsts + 1) * stride + at;
            let whole = if laplacian {
                load(simd, adjoint, last)
            } else {
                zero
            };
            let (mut along, mut squares) = (zero, zero);
            for component in 1..=firsts {
                let at = component * stride + at;
                let (first, above) = (load(simd, z, at), load(simd, adjoint, at));
                along = first.mul_add(above, along);
                squares = first.mul_add(first, squares);
                let bent = second * first * whole * 2.0;
                store::<S>(slope.mul_add(above, bent), adjoint, at);
            }
            sum = second.mul_add(along, sum);
            if laplacian {
                let third = C::third(simd, value, slope);
                let bend = second.mul_add(load(simd, z, last), third * squares);
                sum = bend.mul_add(whole, sum);
                store::<S>(slope * whole, adjoint, last);
            }
        }
        store::<S>(sum, adjoint, at);
    }
}
