//! The network: BERT layers over token vectors, their mean, and a linear head for each kind of label.
//!
//! The same as `config/model/train/network.py`. Matrices are kept as bytes with a scale for each row and are unfolded when the model is loaded; the
//! token vectors stay bytes, since a text needs few of them.

use candle_core::{D, DType, Device, Result, Tensor};
use candle_nn::ops::softmax_last_dim;
use candle_nn::{LayerNorm, Module};
use safetensors::SafeTensors;
use safetensors::tensor::{Dtype, TensorView};

use super::reading::Head;

/// The heads see the unit vector times this.
const SCALE: f64 = 8.0;
const EPSILON: f64 = 1e-12;
/// Attention heads of a layer.
const ATTENTION: usize = 12;
/// Bytes stand for -128 to 127.
const ZERO: i16 = 128;

/// The network, ready to run.
pub(super) struct Network {
    tokens: Rows,
    positions: Tensor,
    norm: LayerNorm,
    layers: Vec<Layer>,
    heads: Vec<Linear>,
}

/// A matrix of bytes, unfolded row by row.
struct Rows {
    bytes: &'static [u8],
    scales: Vec<f32>,
    width: usize,
}

/// A linear map. Weights stand on the left of the product: with as few tokens as a question has, that takes two thirds of the time.
struct Linear {
    weight: Tensor,
    bias: Tensor,
}

struct Layer {
    /// Query, key and value in one.
    attend: Linear,
    merge: Linear,
    attend_norm: LayerNorm,
    widen: Linear,
    narrow: Linear,
    norm: LayerNorm,
}

impl Network {
    /// Reads the weights.
    pub fn new(weights: &'static [u8]) -> Result<Network> {
        let file = File(SafeTensors::deserialize(weights)?);
        let count =
            (0..).take_while(|layer| file.0.tensor(&format!("encoder.layers.{layer}.norm1.weight")).is_ok()).count();
        let layers = (0..count).map(|layer| file.layer(&format!("encoder.layers.{layer}"))).collect::<Result<_>>()?;
        let heads =
            Head::ALL.iter().map(|head| file.linear(&format!("heads.{}", head.name()))).collect::<Result<_>>()?;
        Ok(Network {
            tokens: file.rows("encoder.tokens.weight")?,
            positions: file.tensor("encoder.positions.weight")?,
            norm: file.norm("encoder.norm")?,
            layers,
            heads,
        })
    }

    /// How many tokens can be read at once.
    pub fn longest(&self) -> usize {
        self.positions.dims().first().copied().unwrap_or(0)
    }

    /// How many outputs each head has, in the order of [`Head::ALL`].
    pub fn widths(&self) -> Vec<usize> {
        self.heads.iter().map(|head| head.weight.dims()[0]).collect()
    }

    /// The unit vector of a text, and what each head gives to its labels.
    pub fn read(&self, ids: &[u32]) -> Result<(Vec<f32>, Vec<Vec<f32>>)> {
        let tokens = self.tokens.gather(ids)?;
        let mut hidden = self.norm.forward(&(tokens + self.positions.narrow(0, 0, ids.len())?)?)?;
        for layer in &self.layers {
            hidden = layer.forward(&hidden)?;
        }
        let mean = hidden.mean(0)?;
        let length = mean.sqr()?.sum_all()?.sqrt()?;
        let vector = mean.broadcast_div(&length)?;
        let seen = (&vector * SCALE)?.unsqueeze(0)?;
        let shares = |head: &Linear| softmax_last_dim(&head.forward(&seen)?)?.squeeze(0)?.to_vec1();
        Ok((vector.to_vec1()?, self.heads.iter().map(shares).collect::<Result<_>>()?))
    }
}

impl Linear {
    /// Tokens x width in, tokens x width out.
    fn forward(&self, hidden: &Tensor) -> Result<Tensor> {
        self.weight.matmul(&hidden.t()?)?.t()?.contiguous()?.broadcast_add(&self.bias)
    }
}

impl Layer {
    /// Tokens x width in and out.
    fn forward(&self, hidden: &Tensor) -> Result<Tensor> {
        let (count, width) = hidden.dims2()?;
        let each = width / ATTENTION;
        let all = self.attend.forward(hidden)?.reshape((count, 3, ATTENTION, each))?;
        // Head x token x part of the width.
        let part = |which: usize| all.narrow(1, which, 1)?.squeeze(1)?.transpose(0, 1)?.contiguous();
        let (query, key, value) = (part(0)?, part(1)?, part(2)?);
        let weights = (query.matmul(&key.transpose(D::Minus1, D::Minus2)?)? / (each as f64).sqrt())?;
        let mixed =
            softmax_last_dim(&weights)?.matmul(&value)?.transpose(0, 1)?.contiguous()?.reshape((count, width))?;
        let hidden = self.attend_norm.forward(&(self.merge.forward(&mixed)? + hidden)?)?;
        let wide = self.widen.forward(&hidden)?.gelu_erf()?;
        self.norm.forward(&(self.narrow.forward(&wide)? + hidden)?)
    }
}

impl Rows {
    fn gather(&self, ids: &[u32]) -> Result<Tensor> {
        let mut values = Vec::with_capacity(ids.len() * self.width);
        for id in ids {
            let row = *id as usize;
            let (Some(scale), Some(bytes)) =
                (self.scales.get(row), self.bytes.get(row * self.width..(row + 1) * self.width))
            else {
                candle_core::bail!("there is no token {id}");
            };
            values.extend(bytes.iter().map(|byte| f32::from(i16::from(*byte) - ZERO) * scale));
        }
        Tensor::from_vec(values, (ids.len(), self.width), &Device::Cpu)
    }
}

/// The weights' file.
struct File(SafeTensors<'static>);

impl File {
    fn view(&self, name: &str) -> Result<TensorView<'static>> {
        self.0.tensor(name).map_err(|error| candle_core::Error::Msg(format!("{name}: {error}")))
    }

    fn floats(&self, name: &str) -> Result<(Vec<f32>, Vec<usize>)> {
        let view = self.view(name)?;
        if view.dtype() != Dtype::F32 {
            candle_core::bail!("{name} is {:?}, not F32", view.dtype());
        }
        let values = view.data().chunks_exact(4).map(|four| f32::from_le_bytes([four[0], four[1], four[2], four[3]]));
        Ok((values.collect(), view.shape().to_vec()))
    }

    fn rows(&self, name: &str) -> Result<Rows> {
        let view = self.view(name)?;
        let (scales, _) = self.floats(&format!("{name}.scale"))?;
        match *view.shape() {
            [count, width] if view.dtype() == Dtype::U8 && count == scales.len() => {
                Ok(Rows { bytes: view.data(), scales, width })
            }
            _ => candle_core::bail!("{name} is not bytes with a scale for each row"),
        }
    }

    /// A tensor, however it is kept.
    fn tensor(&self, name: &str) -> Result<Tensor> {
        if self.view(name)?.dtype() == Dtype::U8 {
            let rows = self.rows(name)?;
            let all: Vec<u32> = (0..).take(rows.scales.len()).collect();
            return rows.gather(&all);
        }
        let (values, shape) = self.floats(name)?;
        Tensor::from_vec(values, shape, &Device::Cpu)?.to_dtype(DType::F32)
    }

    fn linear(&self, name: &str) -> Result<Linear> {
        Ok(Linear { weight: self.tensor(&format!("{name}.weight"))?, bias: self.tensor(&format!("{name}.bias"))? })
    }

    fn norm(&self, name: &str) -> Result<LayerNorm> {
        let weight = self.tensor(&format!("{name}.weight"))?;
        Ok(LayerNorm::new(weight, self.tensor(&format!("{name}.bias"))?, EPSILON))
    }

    fn layer(&self, name: &str) -> Result<Layer> {
        let attend = format!("{name}.self_attn");
        Ok(Layer {
            attend: Linear {
                weight: self.tensor(&format!("{attend}.in_proj_weight"))?,
                bias: self.tensor(&format!("{attend}.in_proj_bias"))?,
            },
            merge: self.linear(&format!("{attend}.out_proj"))?,
            attend_norm: self.norm(&format!("{name}.norm1"))?,
            widen: self.linear(&format!("{name}.linear1"))?,
            narrow: self.linear(&format!("{name}.linear2"))?,
            norm: self.norm(&format!("{name}.norm2"))?,
        })
    }
}
