module edgeward

go 1.26
