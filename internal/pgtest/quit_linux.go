package pgtest

import "syscall"

// quitWithParent asks the kernel to stop the process when ours ends, however it ends.
func quitWithParent(attr *syscall.SysProcAttr) { attr.Pdeathsig = syscall.SIGQUIT }
