//! The linear maps of the encoder: weights of a byte each, unfolded while they are used.
//!
//! A question has so few tokens that a product of floats takes as long as its weights take to come from memory, 21 MB for each reading. As bytes
//! they are a quarter of that; four rows at a time become floats in the nearest cache and meet sixteen tokens there. What comes out is what the product
//! of the unfolded weights gives, but for rounding. Libraries were tried first: candle's products of bytes are built for the oldest
//! processor and share their work among threads that wait for each other; its halves take three times as long as floats.
//!
//! Token vectors stand in columns, one token beside the other, as many as [`padded`] says; what the surplus ones hold is up to the caller.

use std::f32::consts::FRAC_1_SQRT_2;

use pulp::{Arch, Simd, WithSimd};

/// Rows that are unfolded at once; each keeps its sums of [`SIDE_BY_SIDE`] vectors in registers.
const ROWS: usize = 4;
/// Vectors of neighbouring tokens that a row meets at once.
const SIDE_BY_SIDE: usize = 2;
/// Tokens come in multiples of this: a vector of the widest kind that is used.
const LANES: usize = 8;
/// Bytes stand for -128 to 127.
const ZERO: i16 = 128;

/// How many columns so many tokens take.
pub fn padded(tokens: usize) -> usize {
    tokens.next_multiple_of(LANES)
}

/// A linear map: for each token `width` numbers go in, and as many come out as there are rows.
pub struct Linear<'a> {
    bytes: &'a [u8],
    scales: Vec<f32>,
    bias: Vec<f32>,
    width: usize,
}

impl<'a> Linear<'a> {
    /// Row for row: as many bytes as a row is wide, what they are multiplied by, and what is added. `None` unless they fit each other and the number
    /// of rows is a multiple of four.
    pub fn new(bytes: &'a [u8], scales: Vec<f32>, bias: Vec<f32>, width: usize) -> Option<Self> {
        let fits = width > 0 && bytes.len() == scales.len() * width && bias.len() == scales.len();
        (fits && scales.len().is_multiple_of(ROWS)).then_some(Self { bytes, scales, bias, width })
    }

    /// Rows and width.
    pub fn shape(&self) -> (usize, usize) {
        (self.scales.len(), self.width)
    }

    /// Width x tokens in, rows x tokens out.
    ///
    /// # Panics
    /// If `columns` isn't a multiple of the width, by a [`padded`] number of tokens.
    pub fn product(&self, columns: &[f32]) -> Vec<f32> {
        let tokens = columns.len() / self.width;
        assert!(tokens * self.width == columns.len() && tokens.is_multiple_of(LANES), "columns are padded");
        let mut out = vec![0.0; self.scales.len() * tokens];
        if tokens > 0 {
            Arch::new().dispatch(Product { linear: self, columns, tokens, out: &mut out });
        }
        out
    }
}

struct Product<'a> {
    linear: &'a Linear<'a>,
    columns: &'a [f32],
    tokens: usize,
    out: &'a mut [f32],
}

impl WithSimd for Product<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        // Wider vectors than there are tokens: `pulp` has them only if somebody asks it to.
        if !LANES.is_multiple_of(S::F32_LANES) {
            return self.with_simd(pulp::Scalar);
        }
        let Product { linear: Linear { bytes, scales, bias, width }, columns, tokens, out } = self;
        let (columns, _) = S::as_simd_f32s(columns);
        let vectors = tokens / S::F32_LANES;
        let mut unfolded = vec![0.0; ROWS * width];
        let rows = bytes.chunks_exact(ROWS * width).zip(scales.chunks_exact(ROWS)).zip(bias.chunks_exact(ROWS));
        for (((bytes, scales), bias), out) in rows.zip(out.chunks_exact_mut(ROWS * tokens)) {
            for (value, byte) in unfolded.iter_mut().zip(bytes) {
                *value = f32::from(i16::from(*byte) - ZERO);
            }
            let (out, _) = S::as_mut_simd_f32s(out);
            let block = Block { weights: &unfolded, width: *width, scales, bias, columns, vectors };
            let mut first = 0;
            while first + SIDE_BY_SIDE <= vectors {
                block.meet::<S, SIDE_BY_SIDE>(simd, first, out);
                first += SIDE_BY_SIDE;
            }
            while first < vectors {
                block.meet::<S, 1>(simd, first, out);
                first += 1;
            }
        }
    }
}

/// Four rows of floats, and all columns.
struct Block<'a, V> {
    weights: &'a [f32],
    width: usize,
    scales: &'a [f32],
    bias: &'a [f32],
    columns: &'a [V],
    vectors: usize,
}

impl<V: Copy> Block<'_, V> {
    /// The rows' products with `COUNT` vectors of tokens, from the `first` on.
    #[inline(always)]
    fn meet<S: Simd<f32s = V>, const COUNT: usize>(&self, simd: S, first: usize, out: &mut [V]) {
        let mut sums = [[simd.splat_f32s(0.0); COUNT]; ROWS];
        let (a, rest) = self.weights.split_at(self.width);
        let (b, rest) = rest.split_at(self.width);
        let (c, d) = rest.split_at(self.width);
        for ((((column, a), b), c), d) in self.columns.chunks_exact(self.vectors).zip(a).zip(b).zip(c).zip(d) {
            let column = &column[first..first + COUNT];
            for (sums, weight) in sums.iter_mut().zip([*a, *b, *c, *d]) {
                let weight = simd.splat_f32s(weight);
                for (sum, tokens) in sums.iter_mut().zip(column) {
                    *sum = simd.mul_add_e_f32s(weight, *tokens, *sum);
                }
            }
        }
        for (row, sums) in sums.into_iter().enumerate() {
            let (scale, bias) = (simd.splat_f32s(self.scales[row]), simd.splat_f32s(self.bias[row]));
            for (place, sum) in sums.into_iter().enumerate() {
                out[row * self.vectors + first + place] = simd.mul_add_e_f32s(sum, scale, bias);
            }
        }
    }
}

/// The Gaussian error linear unit, x Φ(x), of each value. Φ by formula 7.1.28 of Abramowitz and Stegun, Handbook of Mathematical Functions, whose error
/// is below 3e-7; it needs no exponential, and so many values go at once.
pub fn gelu(values: &mut [f32]) {
    Arch::new().dispatch(
        #[inline(always)]
        || {
            for value in values.iter_mut() {
                let x = value.abs() * FRAC_1_SQRT_2;
                let sum = 1.0
                    + x * (0.070_523_08
                        + x * (0.042_282_01
                            + x * (0.009_270_527
                                + x * (0.000_152_014_3 + x * (0.000_276_567_2 + x * 0.000_043_063_8)))));
                let second = sum * sum;
                let fourth = second * second;
                let eighth = fourth * fourth;
                let erf = 1.0 - 1.0 / (eighth * eighth);
                *value *= 0.5 * (1.0 + erf.copysign(*value));
            }
        },
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_product_is_that_of_the_unfolded_weights() {
        for (rows, width, tokens) in [(4, 1, 8), (8, 3, 16), (12, 384, 24), (1152, 384, 16), (384, 1536, 40)] {
            let bytes: Vec<u8> = (0..rows * width).map(|n| (n * 37 % 251) as u8).collect();
            let scales: Vec<f32> = (0..rows).map(|n| 0.001 + n as f32 * 1e-6).collect();
            let bias: Vec<f32> = (0..rows).map(|n| n as f32 / 7.0 - 1.0).collect();
            let columns: Vec<f32> = (0..width * tokens).map(|n| (n * 29 % 113) as f32 / 50.0 - 1.0).collect();
            let linear = Linear::new(&bytes, scales.clone(), bias.clone(), width).expect("they fit");
            let out = linear.product(&columns);
            assert_eq!(out.len(), rows * tokens);
            for (row, token) in [(0, 0), (1, 7), (rows - 1, tokens - 1), (rows / 2, tokens / 2)] {
                let sum: f64 = (0..width)
                    .map(|n| (f64::from(bytes[row * width + n]) - 128.0) * f64::from(columns[n * tokens + token]))
                    .sum();
                let wanted = sum * f64::from(scales[row]) + f64::from(bias[row]);
                let found = f64::from(out[row * tokens + token]);
                assert!((found - wanted).abs() < 1e-3, "{rows}x{width}, {tokens}: {found} for {wanted}");
            }
        }
    }

    #[test]
    fn without_wide_vectors_the_same_comes_out() {
        let bytes: Vec<u8> = (0..8 * 24).map(|n| (n * 37 % 251) as u8).collect();
        let linear = Linear::new(&bytes, vec![0.01; 8], vec![0.5; 8], 24).expect("they fit");
        let columns: Vec<f32> = (0..24 * 16).map(|n| (n % 17) as f32 / 9.0).collect();
        let mut plain = vec![0.0; 8 * 16];
        Product { linear: &linear, columns: &columns, tokens: 16, out: &mut plain }.with_simd(pulp::Scalar);
        for (plain, quick) in plain.iter().zip(linear.product(&columns)) {
            assert!((plain - quick).abs() < 1e-4, "{quick} for {plain}");
        }
    }

    #[test]
    fn what_does_not_fit_is_no_map() {
        assert!(Linear::new(&[0; 8], vec![1.0; 4], vec![0.0; 4], 2).is_some());
        for (bytes, scales, bias, width) in [(7, 4, 4, 2), (8, 4, 3, 2), (6, 3, 3, 2), (0, 4, 4, 0)] {
            assert!(Linear::new(&vec![0; bytes], vec![1.0; scales], vec![0.0; bias], width).is_none());
        }
    }

    #[test]
    fn no_tokens_give_nothing() {
        let linear = Linear::new(&[0; 8], vec![1.0; 4], vec![0.0; 4], 2).expect("they fit");
        assert!(linear.product(&[]).is_empty());
    }

    /// x and x Φ(x), to seven digits; from tables of the normal distribution.
    const GELU: &[(f32, f32)] = &[
        (-6.0, -5.919_526e-9),
        (-3.0, -0.004_049_694),
        (-1.0, -0.158_655_25),
        (-0.5, -0.154_268_77),
        (0.0, 0.0),
        (0.1, 0.053_982_78),
        (0.5, 0.345_731_23),
        (1.0, 0.841_344_7),
        (2.0, 1.954_499_7),
        (4.0, 3.999_873_3),
        (20.0, 20.0),
    ];

    #[test]
    fn gelu_is_that_of_the_tables() {
        let mut values: Vec<f32> = GELU.iter().map(|(x, _)| *x).collect();
        gelu(&mut values);
        for ((x, wanted), found) in GELU.iter().zip(values) {
            assert!((wanted - found).abs() < 3e-6, "{found} for {wanted} at {x}");
        }
    }

    #[test]
    fn gelu_of_any_number_is_a_number() {
        let mut values = [f32::MAX, f32::MIN, f32::MIN_POSITIVE, 1e10, -1e10, -0.0];
        gelu(&mut values);
        assert!(values.iter().all(|value| value.is_finite()), "{values:?}");
    }
}
