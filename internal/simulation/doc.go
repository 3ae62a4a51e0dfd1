// Package simulation plays worlds in which everything goes wrong that can, and holds the books of both sides against each other at every step.
//
// A world is the real library over memstore, or another store that it is given, with two processes, a gateway with books of its own, and a clock. Everything that happens in it
// is drawn from its seed: which gateway it is, what the host calls, what shoppers, banks, the dashboard and a person do, how time passes, who goes
// on at each of the scheduling points, and what fails. The same seed is the same world, down to every line of its trace.
//
// There are no goroutines in a world, no real time and no locks: whatever happens beside other things is a coroutine that pauses at every call
// of the Store and of the Provider, and at every Config.Wait, and the seed picks who goes on.
//
// docs/simulation.md says what is simulated, how to run it and how to play a seed again.
package simulation
