package stack

import "syscall"

// endWithParent lets the kernel stop the process when the stack is killed: nobody would be left to do it, and it would
// keep its port.
func endWithParent(attributes *syscall.SysProcAttr) {
	attributes.Pdeathsig = syscall.SIGTERM
}
