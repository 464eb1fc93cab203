package draw

import (
	"fmt"
	"image/color"
)

// minuteSize is the side of a picture from which on single minutes can be read.
const minuteSize = 112

func makeClock(w *work) {
	step := 5
	if w.Size >= minuteSize && w.chance(60) {
		step = 1
	}
	c := clock{w, &ClockFacts{Hour: w.between(1, 12), Minute: step * w.below(60/step)}}
	w.facts.Clock = c.ClockFacts
	radius := w.Size * w.between(40, 48) / 100
	free := w.Size/2 - radius
	c.Center = [2]int{w.Size/2 + w.between(-free, free)*3/4, w.Size/2 + w.between(-free, free)*3/4}
	c.Radius = radius
	c.paint(step == 1)
	c.askAll()
	c.describeAll()
}

// clock is one being drawn.
type clock struct {
	*work
	*ClockFacts
}

// paint draws the face and the hands.
func (c *clock) paint(minutes bool) {
	c.canvas.ground(pick(c.random, grounds))
	middle, r := px(c.Center[0], c.Center[1]), c.Radius*unit
	rim := pick(c.random, paints).rgb
	c.canvas.fill(disk(middle, r), rim)
	c.canvas.fill(disk(middle, r*94/100), none)
	for i := range 60 {
		from, width := 84, unit*c.Size/60
		if i%5 != 0 {
			if !minutes {
				continue
			}
			from, width = 88, unit*c.Size/140
		}
		c.canvas.fill(stroke(middle.add(polar(r*from/100, i*turn/60)), middle.add(polar(r*91/100, i*turn/60)), max(width, unit)), ink)
	}
	c.numerals(middle, r)
	hands := ink
	if c.chance(50) {
		hands = pick(c.random, []color.NRGBA{paintNamed("red"), paintNamed("blue"), paintNamed("green"), paintNamed("purple")})
	}
	hour := (c.Hour%12*60 + c.Minute) * turn / 720
	minute := c.Minute * turn / 60
	c.hand(middle, r*48/100, hour, max(3*unit, unit*c.Size/22), ink)
	c.hand(middle, r*82/100, minute, max(unit*3/2, unit*c.Size/50), hands)
	c.canvas.fill(disk(middle, max(2*unit, r/14)), ink)
}

// numerals writes all hours, or those of the quarters where there is little room.
func (c *clock) numerals(middle point, r int) {
	f := newFace(pick(c.random, []style{regular, bold}), max(r*19/100, 15*unit/2))
	step := 1
	switch {
	case c.Size < 96 || c.chance(25):
		step = 3
	case c.chance(15):
		return
	}
	for hour := step; hour <= 12; hour += step {
		c.canvas.center(f, number(hour), middle.add(polar(r*70/100, hour*turn/12)), ink)
	}
}

func (c *clock) hand(middle point, length, angle, width int, col color.NRGBA) {
	back := polar(length/6, angle+turn/2)
	c.canvas.fill(stroke(middle.add(back), middle.add(polar(length, angle)), width), col)
}

// timeText returns a time as 3:05.
func timeText(hour, minute int) string { return fmt.Sprintf("%d:%02d", hour, minute) }

func (c *clock) askAll() {
	now := timeText(c.Hour, c.Minute)
	c.askAny(Value, now, []string{"What time is it?", "What time does the clock show?", "Read the clock."})
	other := now
	if c.chance(50) {
		other = timeText(1+(c.Hour+c.below(11))%12, c.Minute)
		if c.chance(50) {
			other = timeText(c.Hour, (c.Minute+5*c.between(1, 11))%60)
		}
	}
	c.ask(YesNo, yesNo(other == now), "Does the clock show %s?", other)
	c.ask(Count, number(c.Minute), "How many minutes past the full hour is it?")
	c.ask(Attribute, number(c.Hour), "Which full hour was last?")
	c.ask(Comparison, yesNo(c.Minute < 30), "Is the time before half past the hour?")
	if c.Minute%5 == 0 {
		at := c.Minute / 5
		if at == 0 {
			at = 12
		}
		c.ask(Relation, number(at), "At which hour's mark does the long hand point?")
	}
	later := c.between(1, 6)
	c.ask(Value, timeText(1+(c.Hour-1+later)%12, c.Minute), "What time will it be in %s?", counted(later, "hour"))
}

func (c *clock) describeAll() {
	now := sentence("the clock shows " + timeText(c.Hour, c.Minute))
	c.describe(now)
	c.describe("The picture shows a clock with two hands.", sentence("it is "+counted(c.Minute, "minute")+" past "+number(c.Hour)))
	c.describe("This is a round clock.", now)
}
