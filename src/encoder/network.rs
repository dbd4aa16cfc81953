//! The network: BERT layers over token vectors, their mean, and a linear head for each kind of label.
//!
//! The same as `config/model/train/network.py`. Matrices are bytes with a scale for each row and stay so; those of the layers are multiplied as they are
//! ([`nape_matmul`]), of the others a text needs little.

use candle_core::{CpuStorage, CustomOp1, DType, Device, Layout, Result, Shape, Tensor};
use candle_nn::ops::softmax_last_dim;
use candle_nn::{LayerNorm, Module};
use nape_matmul::{Linear, gelu, padded};
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
    heads: Vec<Scores>,
}

/// A matrix of bytes, unfolded row by row.
struct Rows {
    bytes: &'static [u8],
    scales: Vec<f32>,
    width: usize,
}

/// A head: what it gives to each of its labels.
struct Scores {
    weight: Tensor,
    bias: Tensor,
}

/// A linear map of a layer, and whether GELU follows it.
struct Map {
    linear: Linear<'static>,
    gelu: bool,
}

struct Layer {
    /// Query, key and value in one.
    attend: Map,
    merge: Map,
    attend_norm: LayerNorm,
    widen: Map,
    narrow: Map,
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
            Head::ALL.iter().map(|head| file.scores(&format!("heads.{}", head.name()))).collect::<Result<_>>()?;
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
        let count = ids.len();
        let tokens = (self.tokens.gather(ids)? + self.positions.narrow(0, 0, count)?)?;
        // The surplus ones go with the others through what takes each token by itself, and nobody looks at them.
        let mut hidden = self.norm.forward(&tokens)?.pad_with_zeros(0, 0, padded(count) - count)?;
        for layer in &self.layers {
            hidden = layer.forward(&hidden, count)?;
        }
        let mean = hidden.narrow(0, 0, count)?.mean(0)?;
        let length = mean.sqr()?.sum_all()?.sqrt()?;
        let vector = mean.broadcast_div(&length)?;
        let seen = (&vector * SCALE)?.unsqueeze(0)?;
        let shares = |head: &Scores| softmax_last_dim(&head.forward(&seen)?)?.squeeze(0)?.to_vec1();
        Ok((vector.to_vec1()?, self.heads.iter().map(shares).collect::<Result<_>>()?))
    }
}

impl Scores {
    /// One x width in, one x labels out.
    fn forward(&self, vector: &Tensor) -> Result<Tensor> {
        vector.matmul(&self.weight.t()?)?.broadcast_add(&self.bias)
    }
}

impl Map {
    /// Width x tokens in, rows x tokens out.
    fn forward(&self, columns: &Tensor) -> Result<Tensor> {
        columns.contiguous()?.apply_op1_no_bwd(self)
    }
}

impl CustomOp1 for Map {
    fn name(&self) -> &'static str {
        "linear map of bytes"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let ((rows, width), (given, tokens)) = (self.linear.shape(), layout.shape().dims2()?);
        let Some((first, end)) = layout.contiguous_offsets().filter(|_| given == width && padded(tokens) == tokens)
        else {
            candle_core::bail!("{width} numbers of a padded number of tokens are wanted, not {:?}", layout.shape());
        };
        let mut out = self.linear.product(&storage.as_slice()?[first..end]);
        if self.gelu {
            gelu(&mut out);
        }
        Ok((CpuStorage::F32(out), (rows, tokens).into()))
    }
}

impl Layer {
    /// Tokens x width in and out, of which the first `count` are tokens of the text.
    fn forward(&self, hidden: &Tensor, count: usize) -> Result<Tensor> {
        let (padded, width) = hidden.dims2()?;
        let each = width / ATTENTION;
        let all = self.attend.forward(&hidden.t()?)?.reshape((3, ATTENTION, each, padded))?;
        // Head x part of the width x token.
        let part = |which: usize| all.get(which)?.narrow(2, 0, count);
        let (query, key, value) = (part(0)?, part(1)?, part(2)?);
        let weights = (query.transpose(1, 2)?.matmul(&key)? / (each as f64).sqrt())?;
        let mixed = value.matmul(&softmax_last_dim(&weights)?.transpose(1, 2)?)?.reshape((width, count))?;
        let mixed = mixed.pad_with_zeros(1, 0, padded - count)?;
        let hidden = self.attend_norm.forward(&(self.merge.forward(&mixed)?.t()? + hidden)?)?;
        let wide = self.widen.forward(&hidden.t()?)?;
        self.norm.forward(&(self.narrow.forward(&wide)?.t()? + hidden)?)
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

    fn scores(&self, name: &str) -> Result<Scores> {
        Ok(Scores { weight: self.tensor(&format!("{name}.weight"))?, bias: self.tensor(&format!("{name}.bias"))? })
    }

    fn map(&self, weight: &str, bias: &str) -> Result<Map> {
        let (Rows { bytes, scales, width }, (bias, _)) = (self.rows(weight)?, self.floats(bias)?);
        let Some(linear) = Linear::new(bytes, scales, bias, width) else {
            candle_core::bail!("{weight} and its bias don't fit each other");
        };
        Ok(Map { linear, gelu: false })
    }

    fn norm(&self, name: &str) -> Result<LayerNorm> {
        let weight = self.tensor(&format!("{name}.weight"))?;
        Ok(LayerNorm::new(weight, self.tensor(&format!("{name}.bias"))?, EPSILON))
    }

    fn layer(&self, name: &str) -> Result<Layer> {
        let map = |part: &str| self.map(&format!("{name}.{part}.weight"), &format!("{name}.{part}.bias"));
        let attend = format!("{name}.self_attn.in_proj");
        Ok(Layer {
            attend: self.map(&format!("{attend}_weight"), &format!("{attend}_bias"))?,
            merge: map("self_attn.out_proj")?,
            attend_norm: self.norm(&format!("{name}.norm1"))?,
            widen: Map { gelu: true, ..map("linear1")? },
            narrow: map("linear2")?,
            norm: self.norm(&format!("{name}.norm2"))?,
        })
    }
}
