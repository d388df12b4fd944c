namespace System.Runtime.CompilerServices;

/// <summary>Lets records compile for netstandard2.0, where compilers load generators from.</summary>
internal static class IsExternalInit;
