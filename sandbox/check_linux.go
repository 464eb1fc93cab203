package sandbox

import "fmt"

func check() Report {
	s := &Sandbox{}
	r := Report{Missing: s.isolate(defaults, 1)}
	have := r.Missing == nil
	bwrap := Layer{Name: "bubblewrap", Have: s.bwrap != nil, Detail: "not found", Remedy: remedyBwrap}
	if s.bwrap != nil {
		bwrap.Detail, bwrap.Remedy = s.bwrap.version+" ("+s.bwrap.path+")", ""
	}
	spaces := Layer{Name: "namespaces", Have: have, Detail: "users, processes, mounts, network, IPC, host name, control groups"}
	filter := Layer{Name: "seccomp", Have: have, Detail: fmt.Sprintf("%d system calls and no socket", len(allowed))}
	limits := Layer{Name: "limits", Have: have, Detail: "resource limits, sizes of file systems, a watchdog for memory, processor time and files"}
	landlock := Layer{Name: "Landlock", Have: s.landlock > 0, Detail: fmt.Sprintf("version %d of the kernel's interface", s.landlock)}
	if !landlock.Have {
		landlock.Detail = "the kernel has none; the other layers hold without it"
		landlock.Remedy = "Linux 5.13 or later, booted with landlock among lsm="
	}
	user := Layer{Name: "user", Have: true, Detail: "the one that runs this program"}
	if s.starter != nil && s.starter.user != 0 {
		user.Detail = fmt.Sprintf("%d, who owns nothing", s.starter.user)
	}
	if !have {
		for _, l := range []*Layer{&spaces, &filter, &limits, &landlock} {
			l.Detail, l.Remedy = "not tried", ""
		}
		if bwrap.Have {
			spaces.Detail = r.Missing.Error()
		}
	}
	r.Layers = []Layer{bwrap, spaces, user, landlock, filter, limits}
	if have {
		defer s.starter.close()
		s.findLanguages(Options{})
		r.Languages = []Layer{language(Python, s.python, s.noPython), language(Go, nil, s.noGo)}
		if s.noGo == nil {
			r.Languages[1].Detail = s.golang.name
		}
	}
	return r
}

func language(name string, t *toolchain, missing error) Layer {
	l := Layer{Name: name, Have: missing == nil}
	switch {
	case missing != nil:
		l.Detail = missing.Error()
	case t != nil:
		l.Detail = t.name
	}
	return l
}
