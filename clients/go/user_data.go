package dialbridge

import (
	"fmt"

	v1 "dialbridge/v1"
)

// Pair is one key with its value: nil, string, int, int64, float64, bool, []any, or []Pair for nested pairs.
type Pair struct {
	Key   string
	Value any
}

// UserData makes user data of pairs; their order is kept, and a key may be given more than once.
func UserData(pairs ...Pair) (*v1.UserData, error) {
	data := &v1.UserData{}
	for _, pair := range pairs {
		value, err := valueOf(pair.Value)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", pair.Key, err)
		}
		data.Pairs = append(data.Pairs, &v1.UserDataPair{Key: pair.Key, Value: value})
	}
	return data, nil
}

// Pairs is the other way round. A number that Go holds in no type above stays the text of its digits.
func Pairs(data *v1.UserData) []Pair {
	var pairs []Pair
	for _, pair := range data.GetPairs() {
		pairs = append(pairs, Pair{pair.Key, plain(pair.Value)})
	}
	return pairs
}

func valueOf(plain any) (*v1.Value, error) {
	switch plain := plain.(type) {
	case nil:
		return &v1.Value{}, nil
	case string:
		return &v1.Value{Kind: &v1.Value_StringValue{StringValue: plain}}, nil
	case int:
		return &v1.Value{Kind: &v1.Value_IntValue{IntValue: int64(plain)}}, nil
	case int64:
		return &v1.Value{Kind: &v1.Value_IntValue{IntValue: plain}}, nil
	case float64:
		return &v1.Value{Kind: &v1.Value_DoubleValue{DoubleValue: plain}}, nil
	case bool:
		return &v1.Value{Kind: &v1.Value_BoolValue{BoolValue: plain}}, nil
	case []any:
		list := &v1.ValueList{}
		for _, each := range plain {
			value, err := valueOf(each)
			if err != nil {
				return nil, err
			}
			list.Values = append(list.Values, value)
		}
		return &v1.Value{Kind: &v1.Value_ListValue{ListValue: list}}, nil
	case []Pair:
		nested, err := UserData(plain...)
		return &v1.Value{Kind: &v1.Value_PairsValue{PairsValue: nested}}, err
	default:
		return nil, fmt.Errorf("user data cannot hold %T; it holds text, numbers, truth, []any and []Pair", plain)
	}
}

func plain(value *v1.Value) any {
	switch kind := value.GetKind().(type) {
	case *v1.Value_StringValue:
		return kind.StringValue
	case *v1.Value_IntValue:
		return kind.IntValue
	case *v1.Value_DoubleValue:
		return kind.DoubleValue
	case *v1.Value_BoolValue:
		return kind.BoolValue
	case *v1.Value_ListValue:
		list := []any{}
		for _, each := range kind.ListValue.Values {
			list = append(list, plain(each))
		}
		return list
	case *v1.Value_PairsValue:
		return Pairs(kind.PairsValue)
	case *v1.Value_NumberLiteral:
		return kind.NumberLiteral
	default:
		return nil
	}
}
