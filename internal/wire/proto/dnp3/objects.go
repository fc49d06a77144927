package dnp3

// Sizes that are no number of bits.
const (
	sizeUnknown   = -1
	sizeAttribute = -2 // group 0: type, length, value
)

// objectBytes holds the sizes in bytes of the variations 1, 2, 3 ... of each
// group (annex A of the standard); 0 marks a variation that does not exist or
// has no fixed size.
var objectBytes = [256][]uint8{
	1:   {0, 1},
	2:   {1, 7, 3},
	3:   {0, 1},
	4:   {1, 7, 3},
	10:  {0, 1},
	11:  {1, 7},
	12:  {11, 11, 0},
	13:  {1, 7},
	20:  {5, 3, 5, 3, 4, 2, 4, 2},
	21:  {5, 3, 5, 3, 11, 9, 11, 9, 4, 2, 4, 2},
	22:  {5, 3, 5, 3, 11, 9, 11, 9},
	23:  {5, 3, 5, 3, 11, 9, 11, 9},
	30:  {5, 3, 4, 2, 5, 9},
	31:  {5, 3, 11, 9, 4, 2, 5, 9},
	32:  {5, 3, 11, 9, 5, 9, 11, 15},
	33:  {5, 3, 11, 9, 5, 9, 11, 15},
	34:  {2, 4, 4},
	40:  {5, 3, 5, 9},
	41:  {5, 3, 5, 9},
	42:  {5, 3, 11, 9, 5, 9, 11, 15},
	43:  {5, 3, 11, 9, 5, 9, 11, 15},
	50:  {6, 10, 6, 11},
	51:  {6, 6},
	52:  {2, 2},
	81:  {3},
	101: {2, 4, 8},
	102: {1},
	121: {7},
	122: {7, 13},
}

// objectBits gives the size in bits of one object, or sizeUnknown or
// sizeAttribute. Class objects (group 60) and default variations have none.
func objectBits(group, variation uint8) int {
	switch group {
	case 0:
		return sizeAttribute
	case 60:
		return 0
	case 1, 10, 80:
		if variation == 1 {
			return 1
		}
	case 12:
		if variation == 3 {
			return 1
		}
	case 3:
		if variation == 1 {
			return 2
		}
	case 110, 111, 112, 113: // octet strings: the variation is the length
		return 8 * int(variation)
	}
	if variation == 0 {
		return 0
	}
	if s := objectBytes[group]; int(variation) <= len(s) && s[variation-1] != 0 {
		return 8 * int(s[variation-1])
	}
	return sizeUnknown
}
