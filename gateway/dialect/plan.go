package dialect

import (
	"fmt"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/timestamppb"

	storefrontv1 "github.com/bartgottschalk/startupwebapp/proto/storefront/v1"
)

const timestampName = protoreflect.FullName("google.protobuf.Timestamp")

// plan is how one message type is written.
type plan struct {
	members []member
	ending  []byte                       // version key and closing brace
	bare    *member                      // written in the message's place
	page    protoreflect.FieldDescriptor // holds HTML, which is written instead of JSON
}

// member is how one field is written.
type member struct {
	field    protoreflect.FieldDescriptor
	label    []byte // "name":
	presence bool   // can be unset
	unset    []byte // what stands for an unset or empty value; nil leaves the member out
	single   writer // of a field that is no list
	list     listWriter
}

type writer func(out []byte, value protoreflect.Value) []byte

// listWriter writes a list; an empty one is given to it only when unset is nil.
type listWriter func(out []byte, list protoreflect.List) []byte

func (r *Renderer) planOf(message protoreflect.MessageDescriptor) (*plan, error) {
	if known, ok := r.plans[message]; ok {
		return known, nil
	}
	made := &plan{ending: []byte("}")}
	r.plans[message] = made // before its fields, which may contain it
	options := message.Options()
	if extension[bool](options, storefrontv1.E_Page) {
		made.page = message.Fields().Get(0)
		return made, nil
	}
	if key := extension[string](options, storefrontv1.E_VersionKey); key != "" {
		made.ending = append(appendText(appendLabel(nil, key), apiVersion), '}')
	}
	if err := r.addMembers(made, message); err != nil {
		return nil, err
	}
	if extension[bool](options, storefrontv1.E_Bare) {
		if len(made.members) != 1 {
			return nil, fmt.Errorf("%s: a bare message has one field", message.FullName())
		}
		made.bare = &made.members[0]
	}
	return made, nil
}

func (r *Renderer) addMembers(made *plan, message protoreflect.MessageDescriptor) error {
	fields := message.Fields()
	for i := range fields.Len() {
		field := fields.Get(i)
		if extension[bool](field.Options(), storefrontv1.E_KeyOnly) {
			continue
		}
		prepared, err := r.memberOf(field)
		if err != nil {
			return fmt.Errorf("%s: %w", field.FullName(), err)
		}
		made.members = append(made.members, prepared)
	}
	return nil
}

func (r *Renderer) memberOf(field protoreflect.FieldDescriptor) (member, error) {
	made := member{field: field, label: appendLabel(nil, field.JSONName()), presence: field.HasPresence()}
	switch extension[storefrontv1.Unset](field.Options(), storefrontv1.E_Unset) {
	case storefrontv1.Unset_UNSET_NULL:
		made.unset = []byte("null")
	case storefrontv1.Unset_UNSET_EMPTY_OBJECT:
		made.unset = []byte("{}")
	case storefrontv1.Unset_UNSET_UNSPECIFIED:
	}
	form := extension[storefrontv1.Form](field.Options(), storefrontv1.E_Form)
	if field.IsMap() {
		return member{}, fmt.Errorf("a map has no order, use a keyed list")
	}
	if field.IsList() {
		return r.listMember(made, form)
	}
	if form == storefrontv1.Form_FORM_NUMBER_OR_NULL_TEXT {
		made.unset = []byte(`"null"`)
	}
	single, err := r.writerOf(field, form)
	made.single = single
	return made, err
}

func (r *Renderer) listMember(made member, form storefrontv1.Form) (member, error) {
	element, err := r.writerOf(made.field, storefrontv1.Form_FORM_UNSPECIFIED)
	if err != nil {
		return member{}, err
	}
	switch form {
	case storefrontv1.Form_FORM_UNSPECIFIED:
		made.unset, made.list = []byte("[]"), arrayWriter(element)
	case storefrontv1.Form_FORM_VALID_OR_ERRORS:
		made.unset, made.list = []byte("true"), arrayWriter(element)
	case storefrontv1.Form_FORM_NESTED_LIST:
		made.unset, made.list = nil, nestedWriter(element)
	case storefrontv1.Form_FORM_COUNTED:
		made.unset, made.list = []byte("{}"), countedWriter(element, 0)
	case storefrontv1.Form_FORM_COUNTED_FROM_ONE:
		made.unset, made.list = []byte("{}"), countedWriter(element, 1)
	case storefrontv1.Form_FORM_KEYED:
		made.unset = []byte("{}")
		made.list, err = keyedWriter(made.field, element)
	default:
		err = fmt.Errorf("no list is written as %s", form)
	}
	return made, err
}

// writerOf is how one value of the field is written, be it alone or an element of a list.
func (r *Renderer) writerOf(field protoreflect.FieldDescriptor, form storefrontv1.Form) (writer, error) {
	kind := field.Kind()
	isNumber := kind == protoreflect.Int64Kind || kind == protoreflect.Int32Kind
	switch {
	case form == storefrontv1.Form_FORM_MONEY && kind == protoreflect.Int64Kind:
		return writeMoney, nil
	case isNumber && (form == storefrontv1.Form_FORM_UNSPECIFIED || form == storefrontv1.Form_FORM_NUMBER_OR_NULL_TEXT):
		return writeNumber, nil
	case form != storefrontv1.Form_FORM_UNSPECIFIED:
		return nil, fmt.Errorf("no %s is written as %s", kind, form)
	case kind == protoreflect.StringKind:
		return writeText, nil
	case kind == protoreflect.BoolKind:
		return writeBool, nil
	case kind == protoreflect.MessageKind && field.Message().FullName() == timestampName:
		return writeTimestamp, nil
	case kind == protoreflect.MessageKind:
		return r.messageWriter(field.Message())
	}
	return nil, fmt.Errorf("the dialect has no %s", kind)
}

func (r *Renderer) messageWriter(message protoreflect.MessageDescriptor) (writer, error) {
	nested, err := r.planOf(message)
	if err != nil {
		return nil, err
	}
	return func(out []byte, value protoreflect.Value) []byte { return nested.append(out, value.Message()) }, nil
}

// extension reads one option, its zero value when it is not set.
func extension[T any](options proto.Message, kind protoreflect.ExtensionType) T {
	value, _ := proto.GetExtension(options, kind).(T)
	return value
}

func timestampOf(value protoreflect.Value) *timestamppb.Timestamp {
	stamp, _ := value.Message().Interface().(*timestamppb.Timestamp)
	return stamp
}
