package app

import "os"

// fanoutGroup gives the number of the group that the rings of one interface
// share; groups of different programs on a machine must differ.
func fanoutGroup(i int) int { return (os.Getpid() + i*257) & 0xffff }
