package words

import (
	"fmt"
	"strings"
)

// The exceptions are those of spacy/lang/en/tokenizer_exceptions.py and
// spacy/lang/tokenizer_exceptions.py. A bar shows where words end.

// faces and other signs that are one word.
const signs = `(*_*) (-8 (-: (-; (-_-) (._.) (: (; (= (>_<) (^_^) (o: (¬_¬) (ಠ_ಠ) (╯°□°）╯︵┻━┻ )-: ): -_- -__-
	._. 0.0 0.o 0_0 0_o 8) 8-) 8-D 8D :'( :') :'-( :'-) :( :(( :((( :() :) :)) :))) :* :-( :-(( :-((( :-) :-))
	:-))) :-* :-/ :-0 :-3 :-> :-D :-O :-P :-X :-] :-o :-p :-x :-| :-} :/ :0 :1 :3 :> :D :O :P :X :] :o :o) :p :x
	:| :} ;) ;-) ;-D ;D ;_; <.< </3 <3 <33 <333 =( =) =/ =3 =D =[ =] =| >.< >.> >:( >:o ><(((*> @_@ O.O O.o O_O
	O_o V.V V_V XD XDD [-: [: [= ]= ^_^ ^__^ ^___^ o.0 o.O o.o o_0 o_O o_o v.v v_v xD xDD ¯\(ツ)/¯ ಠ_ಠ ಠ︵ಠ
	\t \n — \") <space> '' ' C++ and/or w/o`

// stopped are words that end with a full stop, and others that are one word.
const stopped = `a. b. c. d. e. f. g. h. i. j. k. l. m. n. o. p. q. r. s. t. u. v. w. x. y. z. ä. ö. ü.
	Mt. Ak. Ala. Apr. Ariz. Ark. Aug. Calif. Colo. Conn. Dec. Del. Feb. Fla. Ga. Ia. Id. Ill. Ind. Jan. Jul. Jun.
	Kan. Kans. Ky. La. Mar. Mass. Mich. Minn. Miss. N.C. N.D. N.H. N.J. N.M. N.Y. Neb. Nebr. Nev. Nov. Oct. Okla.
	Ore. Pa. S.C. Sep. Sept. Tenn. Va. Wash. Wis. a.m. Adm. Bros. co. Co. Corp. D.C. Dr. e.g. E.g. E.G. Gen. Gov.
	i.e. I.e. I.E. Inc. Jr. Ltd. Md. Messrs. Mo. Mont. Mr. Mrs. Ms. p.m. Ph.D. Prof. Rep. Rev. Sen. St. vs. v.s.
	'S 's ‘S ‘s 're 'd 'em em 'll ll 'nuff nuff 'Cause 'cause 'cos 'Cos 'coz 'Coz 'cuz 'Cuz 'bout
	ma'am Ma'am o'clock O'clock`

// dropped letters, with and without the apostrophe, small or with a capital.
const dropped = `doin goin nothin nuthin ol somethin lovin havin`

// others are cut as shown.
const others = `y'|all y|all how|'d|'y How|'d|'y not|'ve not|ve Not|'ve Not|ve can|not Can|not gon|na Gon|na got|ta
	Got|ta let|'s Let|'s c'm|on C'm|on °|c|. °|f|. °|k|. °|C|. °|F|. °|K|.`

// contractions are the short forms that each of the words before them takes,
// with and without the apostrophe, small or with a capital.
var contractions = [][2]string{
	{"i", "'m 'm|a"},
	{"i you he she it we they", "'ll 'll|'ve 'd 'd|'ve"},
	{"i you we they", "'ve"},
	{"you we they", "'re"},
	{"he she it", "'s"},
	{"who what when where why how there that this these those", "'ll 'll|'ve 'd 'd|'ve"},
	{"who what when where why how there that this", "'s"},
	{"who what when where why how there these those", "'re 've"},
	{"ca could do does did had may might must need ought sha should wo would", "n't n't|'ve"},
	{"could might must should would", "'ve"},
	{"ai are is was were have has dare", "n't"},
}

// plainWords are contractions without apostrophe that are words themselves.
const plainWords = ` ill its hell shell shed were well whore `

// exceptions returns where the words of each exception end.
func exceptions() map[string][]uint8 {
	m := map[string][]uint8{}
	for _, s := range strings.Fields(signs + " " + stopped) {
		m[s] = []uint8{uint8(len(s))}
	}
	m[":o)"] = []uint8{3}
	for _, s := range strings.Fields(dropped) {
		for _, s := range []string{s, capital(s)} {
			add(m, s)
			add(m, s+"'")
		}
	}
	for _, s := range strings.Fields(others) {
		add(m, s)
	}
	for _, c := range contractions {
		for _, word := range strings.Fields(c[0]) {
			for _, short := range strings.Fields(c[1]) {
				for _, word := range []string{word, capital(word)} {
					add(m, word+"|"+short)
					if bare := strings.ReplaceAll(short, "'", ""); !strings.Contains(plainWords, " "+strings.ToLower(word+bare)+" ") {
						add(m, word+"|"+bare)
					}
				}
			}
		}
	}
	for hour := 1; hour <= 12; hour++ {
		for _, half := range []string{"a.m.", "am", "p.m.", "pm"} {
			add(m, fmt.Sprintf("%d|%s", hour, half))
		}
	}
	for s, ends := range m {
		if strings.Contains(s, "'") {
			curl(m, s, ends)
		}
	}
	return m
}

func capital(word string) string { return strings.ToUpper(word[:1]) + word[1:] }

// add adds an exception with bars.
func add(m map[string][]uint8, barred string) {
	var ends []uint8
	n := 0
	for _, part := range strings.Split(barred, "|") {
		n += len(part)
		ends = append(ends, uint8(n))
	}
	m[strings.ReplaceAll(barred, "|", "")] = ends
}

// curl adds the same exception with typographic apostrophes.
func curl(m map[string][]uint8, s string, ends []uint8) {
	const more = uint8(len("’") - len("'"))
	var to []uint8
	for _, end := range ends {
		to = append(to, end+more*uint8(strings.Count(s[:end], "'")))
	}
	m[strings.ReplaceAll(s, "'", "’")] = to
}
