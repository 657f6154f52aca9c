package amd

import "math"

// Size of the network: what it hears of 40 ms, and what it remembers.
const (
	NetInputs = 18
	NetHidden = 24
	NetParams = 3*NetHidden*(NetInputs+1+NetHidden+1) + NetHidden + 1
)

// NetInput is what the network hears of two frames.
type NetInput [NetInputs]float32

// Net is a recurrent network (gated recurrent units after K. Cho and others,
// 2014) that hears how an answer goes, 40 ms by 40 ms, and says at each step
// how much it sounds like a machine, in log odds. Its parameters are, one after
// the other, the input weights of the update, reset and candidate gates by
// hidden unit, their biases, the recurrent weights and biases in the same
// order, the output weights and the output bias.
type Net struct {
	Params [NetParams]float32
}

// Offsets of the parameters.
const (
	NetBias      = 3 * NetHidden * NetInputs
	NetRecurrent = NetBias + 3*NetHidden
	NetRecBias   = NetRecurrent + 3*NetHidden*NetHidden
	NetOut       = NetRecBias + 3*NetHidden
)

// NetState is what the network remembers of an answer.
type NetState [NetHidden]float32

// Step hears 40 ms and gives the log odds of a machine.
func (n *Net) Step(h *NetState, x *NetInput) float32 {
	var gx, gh [3 * NetHidden]float32
	n.Gates(h, x, &gx, &gh)
	odds := n.Params[NetOut+NetHidden]
	for i := range h {
		z := Sigmoid(gx[i] + gh[i])
		r := Sigmoid(gx[NetHidden+i] + gh[NetHidden+i])
		c := Tanh(gx[2*NetHidden+i] + r*gh[2*NetHidden+i])
		h[i] += z * (c - h[i])
		odds += n.Params[NetOut+i] * h[i]
	}
	return odds
}

// Gates gives what the input and what the memory bring to each gate. The three
// gates are summed side by side, for a processor adds faster than it waits.
func (n *Net) Gates(h *NetState, x *NetInput, gx, gh *[3 * NetHidden]float32) {
	const H, I = NetHidden, NetInputs
	p := &n.Params
	for k := range H {
		a, b, c := p[NetBias+k], p[NetBias+H+k], p[NetBias+2*H+k]
		wa, wb, wc := (*[I]float32)(p[k*I:]), (*[I]float32)(p[(H+k)*I:]), (*[I]float32)(p[(2*H+k)*I:])
		for i, v := range x {
			a += wa[i] * v
			b += wb[i] * v
			c += wc[i] * v
		}
		gx[k], gx[H+k], gx[2*H+k] = a, b, c
		a, b, c = p[NetRecBias+k], p[NetRecBias+H+k], p[NetRecBias+2*H+k]
		ua, ub, uc := (*[H]float32)(p[NetRecurrent+k*H:]), (*[H]float32)(p[NetRecurrent+(H+k)*H:]), (*[H]float32)(p[NetRecurrent+(2*H+k)*H:])
		for i, v := range h {
			a += ua[i] * v
			b += ub[i] * v
			c += uc[i] * v
		}
		gh[k], gh[H+k], gh[2*H+k] = a, b, c
	}
}

// Sigmoid is the logistic function.
func Sigmoid(x float32) float32 { return 1 / (1 + exp(-x)) }

// Tanh is the hyperbolic tangent.
func Tanh(x float32) float32 { return 2*Sigmoid(2*x) - 1 }

// exp is the exponential function to five digits, in a third of the time that
// math.Exp takes: a power of two by the bits of a number, and a polynomial for
// the rest.
func exp(x float32) float32 {
	const log2e = 1.44269504
	x = max(-120, min(120, x*log2e))
	n := int32(x+128.5) - 128
	r := x - float32(n)
	p := float32(1.3333558e-3)
	p = p*r + 9.618129e-3
	p = p*r + 5.5504109e-2
	p = p*r + 2.4022651e-1
	p = p*r + 6.9314718e-1
	return (p*r + 1) * math.Float32frombits(uint32(n+127)<<23)
}
