package mounter

import "testing"

func TestSwapped_MapsEveryNumberOnceAndTwoCrosswise(t *testing.T) {
	for _, pair := range [][2]uint32{{0, 1000}, {1000, 0}, {1000, 1001}, {0, 1}, {7, 7}, {65534, 1000}, {0, 1<<32 - 2}} {
		list := swapped(pair[0], pair[1])
		if len(list) > 5 {
			t.Errorf("%v: %d stretches", pair, len(list))
		}
		next := 0
		for _, m := range list {
			if m.ContainerID != next || m.Size <= 0 {
				t.Errorf("%v: %+v after %d", pair, m, next)
			}
			next += m.Size
		}
		if next != 1<<32-1 {
			t.Errorf("%v: %d numbers are mapped", pair, next)
		}
		for _, m := range withoutRoot(list) {
			if m.HostID <= 0 || m.Size <= 0 {
				t.Errorf("%v: somebody would be root here: %+v", pair, m)
			}
		}
		to := func(n uint32) uint32 {
			for _, m := range list {
				if int(n) >= m.ContainerID && int(n) < m.ContainerID+m.Size {
					return uint32(m.HostID + int(n) - m.ContainerID)
				}
			}
			return 1<<32 - 1
		}
		if to(pair[0]) != pair[1] || to(pair[1]) != pair[0] {
			t.Errorf("%v: %d and %d", pair, to(pair[0]), to(pair[1]))
		}
		for _, other := range []uint32{2, 999, 1002, 65533, 1 << 31} {
			if other != pair[0] && other != pair[1] && to(other) != other {
				t.Errorf("%v: %d is %d", pair, other, to(other))
			}
		}
	}
}
