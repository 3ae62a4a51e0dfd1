package simulation

import "math/bits"

// dice draws numbers: the same ones from the same seed, on every machine. It is splitmix64.
type dice struct{ state uint64 }

// newDice returns dice for one use of a seed: uses do not disturb each other.
func newDice(seed, use uint64) dice {
	d := dice{seed ^ use*0xd6e8feb86659fd93}
	d.state = d.next()
	return d
}

func (d *dice) next() uint64 {
	d.state += 0x9e3779b97f4a7c15
	z := d.state
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// n draws a number from 0 to n-1.
func (d *dice) n(n int) int {
	hi, _ := bits.Mul64(d.next(), uint64(n))
	return int(hi)
}

// oneIn is true once in n times.
func (d *dice) oneIn(n int) bool { return d.n(n) == 0 }

// between draws a number from a to b, both included.
func (d *dice) between(a, b int64) int64 {
	hi, _ := bits.Mul64(d.next(), uint64(b-a+1))
	return a + int64(hi)
}

// pick draws one of several.
func pick[T any](d *dice, list []T) T { return list[d.n(len(list))] }
