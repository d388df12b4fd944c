using System.Globalization;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text;

namespace Unroll.House.Tests;

/// <summary>The public and protected members of an assembly, one line each, as C# would declare them.</summary>
internal static class ApiListing
{
    private const BindingFlags All = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;

    public static List<string> Of(Assembly assembly)
    {
        var lines = new List<string>();
        foreach (var type in assembly.GetExportedTypes().OrderBy(t => t.FullName, StringComparer.Ordinal))
        {
            var name = (type.Namespace is null ? "" : type.Namespace + ".") + Local(type);
            lines.Add(Declare(type, name));
            if (typeof(Delegate).IsAssignableFrom(type))
                continue;
            lines.AddRange(type.GetMembers(All).Select(member => Describe(type, member)).OfType<string>().Order(StringComparer.Ordinal).Select(text => name + ": " + text));
        }
        return lines;
    }

    private static string Declare(Type type, string name)
    {
        if (typeof(Delegate).IsAssignableFrom(type))
        {
            var invoke = type.GetMethod("Invoke")!;
            return $"delegate {Name(invoke.ReturnType)} {name}({Parameters(invoke.GetParameters())})";
        }
        var kind = type.IsInterface ? "interface" : type.IsEnum ? "enum" : type.IsValueType ? "struct" : "class";
        var shape = type is { IsAbstract: true, IsSealed: true } ? "static " : type.IsInterface || type.IsValueType ? "" : type.IsAbstract ? "abstract " : type.IsSealed ? "sealed " : "";
        var bases = new List<string>();
        if (type.BaseType is { } parent && parent != typeof(object) && parent != typeof(ValueType) && parent != typeof(Enum))
            bases.Add(Name(parent));
        bases.AddRange(type.GetInterfaces().Where(i => i.IsPublic && !(type.BaseType?.GetInterfaces().Contains(i) ?? false)).Select(Name).Order(StringComparer.Ordinal));
        return $"{shape}{kind} {name}" + (bases.Count > 0 && !type.IsEnum ? " : " + string.Join(", ", bases) : "");
    }

    private static string? Describe(Type type, MemberInfo member)
    {
        if (member.GetCustomAttribute<CompilerGeneratedAttribute>() is not null || member.Name.Contains('<', StringComparison.Ordinal))
            return null;
        switch (member)
        {
            case FieldInfo field when IsOpen(field.Attributes & FieldAttributes.FieldAccessMask):
                if (type.IsEnum)
                    return field.IsLiteral ? $"{field.Name} = {Convert.ToInt64(field.GetRawConstantValue(), CultureInfo.InvariantCulture)}" : null;
                return $"{(field.IsLiteral ? "const " : field.IsStatic ? "static " : "")}{(field.IsInitOnly ? "readonly " : "")}{Name(field.FieldType)} {field.Name}"
                    + (field.IsLiteral ? " = " + Value(field.GetRawConstantValue()) : "");
            case ConstructorInfo { IsStatic: false } constructor when IsOpen(constructor):
                return $"{Access(constructor)}{Local(type).Split('<')[0].Split('.')[^1]}({Parameters(constructor.GetParameters())})";
            case PropertyInfo property:
                var (get, set) = (property.GetMethod, property.SetMethod);
                if (!IsOpen(get) && !IsOpen(set))
                    return null;
                var accessors = (IsOpen(get) ? "get; " : "") + (IsOpen(set) ? (IsInit(set!) ? "init; " : "set; ") : "");
                var index = property.GetIndexParameters();
                var called = index.Length > 0 ? $"this[{Parameters(index)}]" : property.Name;
                return $"{Modifiers((IsOpen(get) ? get : set)!)}{Name(property.PropertyType)} {called} {{ {accessors}}}";
            case EventInfo e when IsOpen(e.AddMethod):
                return $"{Modifiers(e.AddMethod!)}event {Name(e.EventHandlerType!)} {e.Name}";
            case MethodInfo method when IsOpen(method) && (!method.IsSpecialName || method.Name.StartsWith("op_", StringComparison.Ordinal)):
                var generic = method.IsGenericMethod ? "<" + string.Join(", ", method.GetGenericArguments().Select(Name)) + ">" : "";
                return $"{Modifiers(method)}{Name(method.ReturnType)} {method.Name}{generic}({Parameters(method.GetParameters())})";
            default:
                return null; // nested types are listed on their own
        }
    }

    private static bool IsOpen(MethodBase? method) =>
        method is not null && (method.IsPublic || method.IsFamily || method.IsFamilyOrAssembly);

    private static bool IsOpen(FieldAttributes access) => access is FieldAttributes.Public or FieldAttributes.Family or FieldAttributes.FamORAssem;

    private static bool IsInit(MethodInfo set) => set.ReturnParameter.GetRequiredCustomModifiers().Contains(typeof(IsExternalInit));

    private static string Access(MethodBase method) => method.IsPublic ? "" : "protected ";

    private static string Modifiers(MethodInfo method)
    {
        var kind = method.IsStatic ? (method.IsAbstract ? "static abstract " : "static ")
            : method.DeclaringType!.IsInterface ? ""
            : method.GetBaseDefinition() != method ? (method.IsFinal ? "sealed override " : "override ")
            : method.IsAbstract ? "abstract " : method is { IsVirtual: true, IsFinal: false } ? "virtual " : "";
        return Access(method) + kind;
    }

    private static string Parameters(ParameterInfo[] parameters) => string.Join(", ", parameters.Select(p =>
        (p.IsDefined(typeof(ParamArrayAttribute)) || p.IsDefined(typeof(ParamCollectionAttribute)) ? "params " : "")
        + (p.IsOut ? "out " : p.ParameterType.IsByRef ? (p.IsIn ? "in " : "ref ") : "")
        + Name(p.ParameterType.IsByRef ? p.ParameterType.GetElementType()! : p.ParameterType) + " " + p.Name
        + (p.HasDefaultValue ? " = " + Value(p.RawDefaultValue) : "")));

    private static string Value(object? value) => value switch
    {
        null => "default",
        string text => "\"" + text + "\"",
        bool truth => truth ? "true" : "false",
        IFormattable number => number.ToString(null, CultureInfo.InvariantCulture),
        _ => value.ToString()!,
    };

    /// <summary>The type's name within its namespace: Outer.Inner, with generic parameters.</summary>
    private static string Local(Type type)
    {
        var own = type.Name.Split('`')[0];
        var outer = type.DeclaringType is { } container ? Local(container) + "." : "";
        var inherited = type.DeclaringType?.GetGenericArguments().Length ?? 0;
        var arguments = type.GetGenericArguments().Skip(inherited).ToArray();
        return outer + own + (arguments.Length > 0 ? "<" + string.Join(", ", arguments.Select(Name)) + ">" : "");
    }

    private static string Name(Type type)
    {
        if (type.IsArray)
            return Name(type.GetElementType()!) + "[" + new string(',', type.GetArrayRank() - 1) + "]";
        if (type.IsByRef)
            return "ref " + Name(type.GetElementType()!);
        if (Nullable.GetUnderlyingType(type) is { } underlying)
            return Name(underlying) + "?";
        if (type.IsGenericParameter)
            return type.Name;
        if (type is { IsGenericType: true } && type.FullName?.StartsWith("System.ValueTuple`", StringComparison.Ordinal) == true)
            return "(" + string.Join(", ", type.GetGenericArguments().Select(Name)) + ")";
        var keyword = Type.GetTypeCode(type.IsEnum ? typeof(object) : type) switch
        {
            TypeCode.Boolean => "bool",
            TypeCode.Byte => "byte",
            TypeCode.Char => "char",
            TypeCode.Double => "double",
            TypeCode.Int32 => "int",
            TypeCode.Int64 => "long",
            TypeCode.Single => "float",
            TypeCode.String => "string",
            TypeCode.UInt64 => "ulong",
            _ => null,
        };
        if (keyword is not null)
            return keyword;
        if (type == typeof(void))
            return "void";
        if (type == typeof(object))
            return "object";
        var text = new StringBuilder(type.Name.Split('`')[0]);
        if (type.IsGenericType)
            text.Append('<').AppendJoin(", ", type.GetGenericArguments().Select(Name)).Append('>');
        return text.ToString();
    }
}
