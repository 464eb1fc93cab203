package task

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"
)

// study is a task over made rows, whose questions and clusters repeat.
func study(number int, same, sections bool) *Task {
	t := new(Task)
	t.SetDefaults()
	t.Name, t.Method, t.Prompt, t.Answer = "study", MethodCloze, "{{.q}}", "{{.a}}"
	t.Data = Data{Generator: "rows", Number: 1, ID: "{{.id}}", Cluster: "{{.cluster}}"}
	if sections {
		t.Data.Section = "{{.section}}"
	}
	t.FewShot.Number, t.FewShot.Same = number, same
	return t
}

func questions(t *rapid.T) []Row {
	n := rapid.IntRange(1, 40).Draw(t, "rows")
	rows := make([]Row, n)
	for i := range rows {
		rows[i] = Row{
			"id": fmt.Sprint("id", i), "q": fmt.Sprint("q", rapid.IntRange(0, 30).Draw(t, "question")), "a": fmt.Sprint("a", i),
			"cluster": fmt.Sprint("c", rapid.IntRange(0, 30).Draw(t, "cluster")), "section": fmt.Sprint("s", rapid.IntRange(0, 2).Draw(t, "section")),
		}
	}
	return rows
}

func generators(rows []Row) map[string]Generator {
	return map[string]Generator{"rows": func(int, uint64) ([]Row, error) { return rows, nil }}
}

// TestShotsProperties says that examples never give away the answer, and that an
// item's examples hang on the item and the data alone.
func TestShotsProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rows := questions(t)
		number := rapid.IntRange(1, 5).Draw(t, "number")
		task := study(number, rapid.Bool().Draw(t, "same"), rapid.Bool().Draw(t, "sections"))
		o := LoadOptions{Generators: generators(rows), Shots: -1}
		items, err := task.Load(o)
		if err != nil {
			if !strings.Contains(err.Error(), "examples are wanted") {
				t.Fatal(err)
			}
			return
		}
		byAnswer := map[string]Row{}
		for _, row := range rows {
			byAnswer[row["a"].(string)] = row
		}
		for i, item := range items {
			if len(item.Shots) == 0 || len(item.Shots) > number {
				t.Fatalf("item %d has %d examples", i, len(item.Shots))
			}
			for j, shot := range item.Shots {
				from := byAnswer[shot.Answer]
				if from["q"] != shot.Prompt || shot.Prompt == item.Prompt || from["cluster"] == item.Cluster || task.Data.Section != "" && from["section"] != item.Section {
					t.Fatalf("item %+v has the example %v", item, from)
				}
				if slices.Contains(item.Shots[:j], shot) {
					t.Fatalf("item %d has an example twice", i)
				}
			}
		}
		o.Limit = rapid.IntRange(1, len(rows)).Draw(t, "limit")
		some, err := task.Load(o)
		if err != nil {
			t.Fatal(err)
		}
		for _, item := range some {
			if diff := cmp.Diff(items[item.Number], item, cmpopts.IgnoreUnexported(Item{})); diff != "" {
				t.Fatal("an item hangs on which others there are", diff)
			}
		}
	})
}

// TestLimitNests says that a smaller limit takes items of a greater one, in the
// order of the data.
func TestLimitNests(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rows := questions(t)
		task := study(0, false, false)
		o := LoadOptions{Generators: generators(rows), Seed: rapid.Uint64().Draw(t, "seed")}
		numbers := func(limit int) (all []int) {
			o.Limit = limit
			items, err := task.Load(o)
			if err != nil {
				t.Fatal(err)
			}
			for _, item := range items {
				all = append(all, item.Number)
			}
			return all
		}
		some, all := numbers(rapid.IntRange(1, len(rows)).Draw(t, "limit")), numbers(0)
		last := []int{}
		for limit := 1; limit <= len(all); limit++ {
			now := numbers(limit)
			if len(now) != limit || !slices.IsSorted(now) {
				t.Fatalf("limit %d takes %v", limit, now)
			}
			for _, n := range last {
				if !slices.Contains(now, n) {
					t.Fatalf("limit %d takes %v, and without %d", limit, now, n)
				}
			}
			if limit == len(some) && !slices.Equal(now, some) {
				t.Fatalf("%v and %v", now, some)
			}
			last = now
		}
	})
}

// TestLimitIsFair says that each row is taken about as often as another over
// seeds: 200 of 1,000 seeds, give or take 5 standard deviations.
func TestLimitIsFair(t *testing.T) {
	p := pool{}
	for i := range 50 {
		p.list = append(p.list, placed{id: fmt.Sprint("row", i)})
	}
	taken := make([]int, 50)
	for seed := range uint64(1000) {
		for _, i := range p.sample(10, seed) {
			taken[i]++
		}
	}
	for i, n := range taken {
		if n < 200-63 || n > 200+63 {
			t.Errorf("row %d is taken %d times", i, n)
		}
	}
}

// TestDraw says that a draw gives each number once, and each order alike: of the
// six of three numbers each 1,000 times in 6,000, give or take 5 standard
// deviations.
func TestDraw(t *testing.T) {
	orders := map[[3]int]int{}
	for seed := range uint64(6000) {
		d := newDraw(3, seed, "x")
		var order [3]int
		for i := range order {
			order[i], _ = d.next()
		}
		if _, more := d.next(); more {
			t.Fatal("there is a fourth of three")
		}
		orders[order]++
	}
	if len(orders) != 6 {
		t.Fatalf("%v", orders)
	}
	for order, n := range orders {
		if n < 1000-145 || n > 1000+145 {
			t.Errorf("%v comes %d times", order, n)
		}
	}
	if d := newDraw(0, 1, "x"); func() bool { _, ok := d.next(); return ok }() {
		t.Error("there is one of none")
	}
}

// TestShotsOfOtherData says that the question itself is not among examples from
// elsewhere, even if it is there.
func TestShotsOfOtherData(t *testing.T) {
	const source = `
method: choice
data: {files: [test.csv], section: '{{.subject}}'}
prompt: '{{.q}}'
choice: {list: [A, B]}
answer: '{{.a}}'
few_shot: {number: 2, same: true, data: {files: [dev.csv], section: '{{.subject}}'}}
`
	data := dir(t, "test.csv", "subject,q,a\nx,one,A\ny,two,B\n", "dev.csv", "subject,q,a\nx,one ,A\nx,three,B\nx,four,A\ny,five,A\ny,five,B\ny,six,B\n")
	items := load(t, source, LoadOptions{DataDir: data, Shots: -1})
	if want := []Shot{{"three", "B"}, {"four", "A"}}; !cmp.Equal(items[0].Shots, want) {
		t.Errorf("%v", items[0].Shots)
	}
	if want := []Shot{{"five", "A"}, {"five", "B"}}; !cmp.Equal(items[1].Shots, want) { // the first rows as they are
		t.Errorf("%v", items[1].Shots)
	}
}
