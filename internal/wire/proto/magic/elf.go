package magic

// machines names e_machine values of ELF headers (gABI, "ELF Header").
var machines = map[uint16]string{
	2:   "elf-sparc",
	3:   "elf-x86",
	4:   "elf-m68k",
	18:  "elf-sparc",
	20:  "elf-ppc",
	21:  "elf-ppc64",
	22:  "elf-s390",
	40:  "elf-arm",
	42:  "elf-sh",
	43:  "elf-sparc",
	50:  "elf-ia64",
	62:  "elf-x86-64",
	93:  "elf-arc",
	94:  "elf-xtensa",
	183: "elf-arm64",
	189: "elf-microblaze",
	195: "elf-arc",
	243: "elf-riscv",
	258: "elf-loongarch",
}

// elf names the processor of an ELF file: its byte order is in the fifth byte
// of the identification, the machine at offset 18 in that order.
func elf(b []byte) string {
	if len(b) < 20 {
		return "elf-other"
	}
	machine := uint16(b[18]) | uint16(b[19])<<8
	little := b[5] == 1
	if !little {
		machine = uint16(b[18])<<8 | uint16(b[19])
	}
	switch {
	case machine == 8 && little, machine == 10:
		return "elf-mipsel"
	case machine == 8:
		return "elf-mips"
	}
	if name, ok := machines[machine]; ok {
		return name
	}
	return "elf-other"
}
