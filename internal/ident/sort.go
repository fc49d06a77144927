package ident

import "sort"

// Sort sorts structs and leaves equal ones in their order. Unlike those of
// package slices it is not in the program once more for every type, ten
// kilobytes each; where sorting takes time, take those.
func Sort[T any](list []T, compare func(a, b *T) int) {
	if len(list) < 2 {
		return // and nothing is allocated
	}
	sort.SliceStable(list, func(i, j int) bool { return compare(&list[i], &list[j]) < 0 })
}
