package app

import "os"

// fanoutGroup gives the number of the group that the rings of one interface
// share; groups of different programs on a machine must differ.
func fanoutGroup(i int) uint16 { return uint16(os.Getpid() + i*257) }
