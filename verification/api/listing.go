package main

import (
	"fmt"
	"go/constant"
	"go/types"
	"slices"
	"strings"
)

// listing returns a line for everything that a package exports, sorted. Types of the package itself stand without its name.
func listing(p *types.Package) []string {
	l := lister{pkg: p}
	for _, name := range p.Scope().Names() {
		if o := p.Scope().Lookup(name); o.Exported() {
			l.object(o)
		}
	}
	slices.Sort(l.lines)
	return slices.Compact(l.lines)
}

type lister struct {
	pkg   *types.Package
	lines []string
}

func (l *lister) add(format string, args ...any) {
	l.lines = append(l.lines, fmt.Sprintf(format, args...))
}

// typeText returns a type, with the names of other packages' types as they are written in code.
func (l *lister) typeText(t types.Type) string {
	return types.TypeString(t, func(p *types.Package) string {
		if p == l.pkg {
			return ""
		}
		return p.Name()
	})
}

// signature returns parameters and results: no names, which nobody depends on.
func (l *lister) signature(s *types.Signature) string {
	unnamed := func(t *types.Tuple) *types.Tuple {
		var vars []*types.Var
		for v := range t.Variables() {
			vars = append(vars, types.NewParam(v.Pos(), v.Pkg(), "", v.Type()))
		}
		return types.NewTuple(vars...)
	}
	bare := types.NewSignatureType(nil, nil, nil, unnamed(s.Params()), unnamed(s.Results()), s.Variadic())
	text := strings.TrimPrefix(l.typeText(bare), "func")
	if params := s.TypeParams(); params.Len() > 0 {
		var names []string
		for p := range params.TypeParams() {
			names = append(names, p.Obj().Name()+" "+l.typeText(p.Constraint()))
		}
		text = "[" + strings.Join(names, ", ") + "]" + text
	}
	return text
}

func (l *lister) object(o types.Object) {
	switch o := o.(type) {
	case *types.Const:
		value := o.Val().ExactString()
		if o.Val().Kind() == constant.Float {
			value = o.Val().String()
		}
		l.add("const %s %s = %s", o.Name(), l.typeText(o.Type()), value)
	case *types.Var:
		l.add("var %s %s", o.Name(), l.typeText(o.Type()))
	case *types.Func:
		l.add("func %s%s", o.Name(), l.signature(o.Signature()))
	case *types.TypeName:
		l.typeName(o)
	}
}

func (l *lister) typeName(o *types.TypeName) {
	if o.IsAlias() {
		l.add("type %s = %s", o.Name(), l.typeText(types.Unalias(o.Type())))
		return
	}
	switch u := o.Type().Underlying().(type) {
	case *types.Struct:
		l.add("type %s struct", o.Name())
		l.fields(o.Name(), u)
	case *types.Interface:
		l.add("type %s interface", o.Name())
		sealed := false
		for m := range u.Methods() {
			sealed = sealed || !m.Exported()
			if m.Exported() {
				l.add("type %s interface, %s%s", o.Name(), m.Name(), l.signature(m.Signature()))
			}
		}
		if sealed {
			l.add("type %s interface, only this package implements it", o.Name())
		}
		return
	default:
		l.add("type %s %s", o.Name(), l.typeText(u))
	}
	value := types.NewMethodSet(o.Type())
	for m := range types.NewMethodSet(types.NewPointer(o.Type())).Methods() {
		f, ok := m.Obj().(*types.Func)
		if !ok || !f.Exported() {
			continue
		}
		receiver := "*" + o.Name()
		if value.Lookup(f.Pkg(), f.Name()) != nil {
			receiver = o.Name()
		}
		l.add("method (%s) %s%s", receiver, f.Name(), l.signature(f.Signature()))
	}
}

// fields lists the fields that can be named, those of embedded structs that cannot be named among them.
func (l *lister) fields(name string, s *types.Struct) {
	for f := range s.Fields() {
		switch embedded, isStruct := f.Type().Underlying().(*types.Struct); {
		case f.Exported() && f.Embedded():
			l.add("type %s struct, embeds %s", name, l.typeText(f.Type()))
		case f.Exported():
			l.add("type %s struct, %s %s", name, f.Name(), l.typeText(f.Type()))
		case f.Embedded() && isStruct:
			l.fields(name, embedded)
		}
	}
}
