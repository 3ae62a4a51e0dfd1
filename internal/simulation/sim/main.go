package main

import (
	"fmt"
	"os"
	"runtime/debug"
	"runtime/pprof"
	"strconv"
	"time"

	"github.com/seed40c892db/payment/internal/simulation"
)

func main() {
	first, _ := strconv.Atoi(os.Args[1])
	n, _ := strconv.Atoi(os.Args[2])
	trace := len(os.Args) > 3 && os.Args[3] == "trace"
	if len(os.Args) > 3 && !trace {
		f, _ := os.Create(os.Args[3])
		pprof.StartCPUProfile(f)
		defer pprof.StopCPUProfile()
	}
	debug.SetGCPercent(400)
	var s simulation.Simulator
	var c simulation.Counts
	points, ops, bad := 0, 0, 0
	t := time.Now()
	for seed := first; seed < first+n; seed++ {
		r := s.Run(uint64(seed), simulation.Options{Trace: trace})
		points += r.Points
		ops += r.Operations
		c.Add(&r.Faults)
		for _, l := range r.Trace {
			fmt.Println(l)
		}
		if len(r.Broken) > 0 {
			bad++
			if bad < 10 {
				fmt.Println(seed, r.Broken[0])
			}
		}
	}
	d := time.Since(t)
	for _, f := range simulation.Faults() {
		fmt.Printf("%8d %s\n", c[f], f)
	}
	fmt.Println(n, "seeds", bad, "bad", points, "points", ops, "ops", d, int(float64(points)/d.Seconds()), "points/s", int(float64(n)/d.Seconds()), "seeds/s")
}
