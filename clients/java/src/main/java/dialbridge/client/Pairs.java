package dialbridge.client;

import dialbridge.v1.UserData;
import dialbridge.v1.UserDataPair;
import dialbridge.v1.Value;
import dialbridge.v1.ValueList;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * User data as values of Java: String, Integer, Long, BigInteger, Double, Boolean, null, List, and Map for nested
 * pairs. Integers stay integers, and order stays; where a key stands more than once, use {@link UserData} itself.
 */
public final class Pairs {
    private static final int INT64_BITS = 63;

    private Pairs() {}

    /** A map as the contract has it. Throws IllegalArgumentException for what cannot be said. */
    public static UserData of(Map<String, ?> pairs) {
        UserData.Builder data = UserData.newBuilder();
        pairs.forEach((key, value) -> data.addPairs(UserDataPair.newBuilder().setKey(key).setValue(valueOf(value))));
        return data.build();
    }

    /** The pairs as a map; of a repeated key the last value. */
    public static Map<String, Object> toMap(UserData data) {
        Map<String, Object> pairs = new LinkedHashMap<>();
        data.getPairsList().forEach(pair -> pairs.put(pair.getKey(), plain(pair.getValue())));
        return pairs;
    }

    private static Value valueOf(Object plain) {
        Value.Builder value = Value.newBuilder();
        if (plain == null) {
            return value.build();
        } else if (plain instanceof String text) {
            value.setStringValue(text);
        } else if (plain instanceof Boolean truth) {
            value.setBoolValue(truth);
        } else if (plain instanceof Integer || plain instanceof Long) {
            value.setIntValue(((Number) plain).longValue());
        } else if (plain instanceof BigInteger number) {
            if (number.bitLength() <= INT64_BITS) {
                value.setIntValue(number.longValue());
            } else {
                value.setNumberLiteral(number.toString());
            }
        } else if (plain instanceof Double number) {
            value.setDoubleValue(number);
        } else if (plain instanceof List<?> list) {
            value.setListValue(ValueList.newBuilder().addAllValues(list.stream().map(Pairs::valueOf).toList()));
        } else if (plain instanceof Map<?, ?> map) {
            UserData.Builder nested = UserData.newBuilder();
            map.forEach((key, each) ->
                    nested.addPairs(UserDataPair.newBuilder().setKey((String) key).setValue(valueOf(each))));
            value.setPairsValue(nested);
        } else {
            throw new IllegalArgumentException("user data cannot hold " + plain.getClass().getName()
                    + "; it holds text, numbers, truth, List and Map");
        }
        return value.build();
    }

    private static Object plain(Value value) {
        return switch (value.getKindCase()) {
            case STRING_VALUE -> value.getStringValue();
            case INT_VALUE -> value.getIntValue();
            case DOUBLE_VALUE -> value.getDoubleValue();
            case BOOL_VALUE -> value.getBoolValue();
            case LIST_VALUE -> value.getListValue().getValuesList().stream().map(Pairs::plain).toList();
            case PAIRS_VALUE -> toMap(value.getPairsValue());
            case NUMBER_LITERAL -> new BigDecimal(value.getNumberLiteral());
            case KIND_NOT_SET -> null;
        };
    }
}
