//go:build unix && !linux

package pgtest

import "syscall"

// quitWithParent does nothing: other systems have no such thing. A server that a killed test leaves behind is to be stopped by hand.
func quitWithParent(*syscall.SysProcAttr) {}
