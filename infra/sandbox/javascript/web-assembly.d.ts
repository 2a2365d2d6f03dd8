// The part of WebAssembly that the engine uses: the types of Node leave it to those of browsers, whose other globals
// have no place here.
declare namespace WebAssembly {
  class Module {
    private readonly isModule: true;
    static exports(module: Module): readonly object[];
    static imports(module: Module): readonly object[];
  }
  class Memory {
    readonly buffer: ArrayBuffer;
    constructor(descriptor: { readonly initial: number; readonly maximum: number });
  }
  function compile(bytes: Uint8Array<ArrayBuffer>): Promise<Module>;
}
