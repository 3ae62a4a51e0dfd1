package simulation

// compareBooks holds our books against the gateway's.
func (w *world) compareBooks() {}
