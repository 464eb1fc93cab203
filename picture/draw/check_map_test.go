package draw_test

import (
	"fmt"
	"math"
	"slices"
)

func now(f *facts) string { return fmt.Sprintf("%d:%02d", f.Clock.Hour, f.Clock.Minute) }

var clockQuestions = []rule{
	is(`What time is it\?|What time does the clock show\?|Read the clock\.`, func(f *facts, _ []string) string { return now(f) }),
	is(`Does the clock show (.*)\?`, func(f *facts, m []string) string { return yes(now(f) == m[1]) }),
	is(`How many minutes past the full hour is it\?`, func(f *facts, _ []string) string { return num(f.Clock.Minute) }),
	is(`Which full hour was last\?`, func(f *facts, _ []string) string { return num(f.Clock.Hour) }),
	is(`Is the time before half past the hour\?`, func(f *facts, _ []string) string { return yes(f.Clock.Minute < 30) }),
	is(`At which hour's mark does the long hand point\?`, func(f *facts, _ []string) string {
		for mark := 1; mark <= 12; mark++ {
			if mark*5%60 == f.Clock.Minute {
				return num(mark)
			}
		}
		return bad("at none")
	}),
	is(`What time will it be in (\d) hours?\?`, func(f *facts, m []string) string {
		hour := f.Clock.Hour + value(m[1])
		if hour > 12 {
			hour -= 12
		}
		return fmt.Sprintf("%d:%02d", hour, f.Clock.Minute)
	}),
}

var clockSentences = []rule{
	is(`The clock shows (.*)\.`, func(f *facts, m []string) string { return yes(now(f) == m[1]) }),
	is(`The picture shows a clock with two hands\.|This is a round clock\.`, func(*facts, []string) string { return "yes" }),
	is(`It is (\d+) minutes? past (\d+)\.`, func(f *facts, m []string) string {
		return yes(num(f.Clock.Minute) == m[1] && num(f.Clock.Hour) == m[2])
	}),
}

// spot returns where a place is.
func spot(f *facts, name string) (x, y int, ok bool) {
	n := 0
	for _, p := range f.Map.Places {
		if p.Name == name {
			x, y, n = p.At[0], p.At[1], n+1
		}
	}
	return x, y, n == 1
}

// direction returns the compass direction of a seen from b by the angle, if it is
// well within the sector of one: 13 degrees around the axes, 12 around diagonals.
func direction(f *facts, a, b string) string {
	x, y, _ := spot(f, a)
	u, v, _ := spot(f, b)
	angle := math.Mod(math.Atan2(float64(x-u), float64(v-y))*180/math.Pi+360, 360)
	for i, name := range []string{"north", "northeast", "east", "southeast", "south", "southwest", "west", "northwest", "north"} {
		if math.Abs(angle-float64(45*i)) < 13 {
			return name
		}
	}
	return bad("at %.0f degrees it is not clear", angle)
}

func joined(f *facts, a, b string) bool {
	return slices.Contains(f.Map.Roads, [2]string{a, b}) || slices.Contains(f.Map.Roads, [2]string{b, a})
}

// around returns the color of the region of a place, which is not near a border.
func around(f *facts, name string) string {
	x, y, ok := spot(f, name)
	for _, r := range f.Map.Regions {
		m := margin(f)
		if ok && x-m >= r.Box[0] && y-m >= r.Box[1] && x+m <= r.Box[2] && y+m <= r.Box[3] {
			return r.Color
		}
	}
	return bad("it is near a border")
}

// ways returns the length of the shortest way by Floyd and Warshall, or -1.
func ways(links [][2]string, from, to string, both bool) int {
	length := map[[2]string]int{}
	var names []string
	for _, l := range links {
		length[l] = 1
		if both {
			length[[2]string{l[1], l[0]}] = 1
		}
		names = append(names, l[0], l[1])
	}
	for _, k := range names {
		for _, i := range names {
			for _, j := range names {
				a, okA := length[[2]string{i, k}]
				b, okB := length[[2]string{k, j}]
				if old, ok := length[[2]string{i, j}]; okA && okB && (!ok || a+b < old) {
					length[[2]string{i, j}] = a + b
				}
			}
		}
	}
	if n, ok := length[[2]string{from, to}]; ok && from != to {
		return n
	}
	return -1
}

func ends(links [][2]string, name string, side int) (others []string) {
	for _, l := range links {
		if l[side] == name {
			others = append(others, l[1-side])
		}
	}
	return others
}

var mapQuestions = []rule{
	is(`In which direction from (\w+) is (\w+)\?`, func(f *facts, m []string) string { return direction(f, m[2], m[1]) }),
	is(`Where is (\w+), as seen from (\w+): in which direction\?`, func(f *facts, m []string) string { return direction(f, m[1], m[2]) }),
	is(`Is (\w+) (east|west|south|north) of (\w+)\?`, func(f *facts, m []string) string {
		x, y, _ := spot(f, m[1])
		u, v, _ := spot(f, m[3])
		d := map[string]int{"east": x - u, "west": u - x, "south": y - v, "north": v - y}[m[2]]
		if max(d, -d) < margin(f) {
			return bad("it is not clear")
		}
		return yes(d > 0)
	}),
	is(`Is there a road from (\w+) straight to (\w+)\?`, func(f *facts, m []string) string { return yes(joined(f, m[1], m[2])) }),
	is(`How many roads end at (\w+)\?`, func(f *facts, m []string) string {
		return num(len(ends(f.Map.Roads, m[1], 0)) + len(ends(f.Map.Roads, m[1], 1)))
	}),
	is(`To which place does the road from (\w+) lead\?`, func(f *facts, m []string) string {
		others := append(ends(f.Map.Roads, m[1], 0), ends(f.Map.Roads, m[1], 1)...)
		if len(others) != 1 {
			return bad("there is not one")
		}
		return others[0]
	}),
	is(`How many roads does the shortest way from (\w+) to (\w+) have\?`, func(f *facts, m []string) string { return num(ways(f.Map.Roads, m[1], m[2], true)) }),
	is(`Can one get from (\w+) to (\w+) by road\?`, func(f *facts, m []string) string { return yes(ways(f.Map.Roads, m[1], m[2], true) > 0) }),
	is(`(?:What color is the region around|In which color is the region of) (\w+)\?`, func(f *facts, m []string) string { return around(f, m[1]) }),
	is(`How many places are in the (\w+) region\?`, func(f *facts, m []string) string {
		n := 0
		for _, p := range f.Map.Places {
			if around(f, p.Name) == m[1] {
				n++
			}
		}
		return num(n)
	}),
	is(`How many (places|roads) are on the map\?`, func(f *facts, m []string) string {
		return num(map[string]int{"places": len(f.Map.Places), "roads": len(f.Map.Roads)}[m[1]])
	}),
	is(`How many regions does the map have\?`, func(f *facts, _ []string) string { return num(len(f.Map.Regions)) }),
	is(`Which place is farthest to the (east|west|south|north)\?`, func(f *facts, m []string) string {
		for _, p := range f.Map.Places {
			first := true
			for _, q := range f.Map.Places {
				x, y := p.At[0]-q.At[0], p.At[1]-q.At[1]
				first = first && (p == q || map[string]int{"east": x, "west": -x, "south": y, "north": -y}[m[1]] >= margin(f))
			}
			if first {
				return p.Name
			}
		}
		return bad("it is not clear")
	}),
}

var mapSentences = []rule{
	is(`This is a map with (\d) places? and (\d) roads?\.`, func(f *facts, m []string) string {
		return yes(num(len(f.Map.Places)) == m[1] && num(len(f.Map.Roads)) == m[2])
	}),
	is(`The places are (.*)\.`, func(f *facts, m []string) string {
		told := items(m[1])
		for _, name := range told {
			if _, _, ok := spot(f, name); !ok {
				return bad("there is no %s", name)
			}
		}
		return yes(len(told) == len(f.Map.Places))
	}),
	is(`A road joins (\w+) and (\w+)\.`, func(f *facts, m []string) string { return yes(joined(f, m[1], m[2])) }),
	is(`In the (\w+) region (?:is|are) (.*)\.`, func(f *facts, m []string) string {
		for _, name := range items(m[2]) {
			if around(f, name) != m[1] {
				return bad("%s is not", name)
			}
		}
		return "yes"
	}),
	is(`(\w+) is (\w+) of (\w+)\.`, func(f *facts, m []string) string { return yes(direction(f, m[1], m[3]) == m[2]) }),
}
